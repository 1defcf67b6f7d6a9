"""A hold is refused by what the hotel does not sell, before rooms are looked at, and day use is not a night."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.rates import Rates
from ledger.command import Change
from ledger.ids import rates_stream
from ledger.refusal import Refusal
from ledger.restrictions import Restriction, Restrictions
from tests.examples import ARRIVAL, CODE, OPENED, TARIFF, hold_stay
from tests.spec import given


def tariff_with(**rules: Any) -> list[Change]:
    restricted = replace(TARIFF, restrictions=(Restriction(first=ARRIVAL, last=ARRIVAL, **rules),))
    return [*OPENED, Change(rates_stream(CODE), Rates.Published(tariff=restricted))]


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        ({"stop_sell": True}, Restrictions.StopSell),
        ({"closed_to_arrival": True}, Restrictions.ClosedToArrival),
        ({"min_nights": 30}, Restrictions.MinStay),
        ({"max_nights": 1}, Restrictions.MaxStay),
        ({"min_nights_through": 30}, Restrictions.MinStayThrough),
    ],
)
def test_what_is_not_sold_is_not_held(rules: dict[str, Any], refusal: type[Refusal]) -> None:
    given(*tariff_with(**rules)).when(hold_stay()).refuses(refusal)


@pytest.mark.parametrize(
    "rules", [{"closed_to_departure": True}, {"stop_sell": True, "room_type": "another"}, {"min_nights": 1}]
)
def test_what_is_restricted_elsewhere_is_held(rules: dict[str, Any]) -> None:
    held = given(*tariff_with(**rules)).when(hold_stay())
    assert held.decision.changes
