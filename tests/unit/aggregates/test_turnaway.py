"""An enquiry is noted once, with whose no it was."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from aggregates.turnaway import Reason, Turnaway
from ledger.event import Event
from tests.examples import dates

HOTELS_NO = {"sold_out", "type_sold_out", "restriction", "party_too_large", "group_refused"}


def record(known: Turnaway, reason: Reason) -> Event:
    return known.record(
        reason=reason, room_type="villa", dates=dates(), rooms=1, adults=2, children=0, asked_on=date(2126, 3, 1)
    )


@pytest.mark.parametrize("reason", get_args(Reason))
def test_an_enquiry_is_noted_once(reason: Reason) -> None:
    known = Turnaway()
    assert vars(known) == {"is_noted": False}
    noted = record(known, reason)
    assert noted == Turnaway.Recorded(
        reason=reason, denied=reason in HOTELS_NO, room_type="villa", dates=dates(), rooms=1, adults=2, children=0,
        asked_on=date(2126, 3, 1),
    )  # fmt: skip
    known.apply(noted)
    with pytest.raises(Turnaway.Noted):
        record(known, reason)
