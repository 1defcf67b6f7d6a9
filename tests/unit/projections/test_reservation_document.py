"""A document comes back as it was, whatever was left out of what is stored."""

from __future__ import annotations

import pytest

from aggregates.reservation import Reservation
from ledger.event import Event
from projections.reservation_document import read_document, write_document
from tests.examples import usd
from tests.unit.projections.test_stays import CONFIRMED, HELD, ONE, changed, document, longer

CANCELLED = Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))
PINNED = Reservation.StayPinned(stay_id=ONE.stay_id, reason="promised")
GONE = Reservation.StayCancelled(stay_id=ONE.stay_id, reason="other", fee=usd(100), refund=usd(0))
ARRIVED = Reservation.StayCheckedIn(stay_id=ONE.stay_id, room="g1", early=False, fee=usd(0))
AS_HELD: list[tuple[Event, ...]] = [(HELD,), (HELD, CONFIRMED), (HELD, CONFIRMED, CANCELLED)]
OTHERWISE: list[tuple[Event, ...]] = [
    (HELD, CONFIRMED, changed(longer(ONE, 4))), (HELD, CONFIRMED, PINNED), (HELD, CONFIRMED, GONE), (HELD, CONFIRMED, ARRIVED),
]  # fmt: skip


@pytest.mark.parametrize("events", [*AS_HELD, *OTHERWISE])
def test_a_document_comes_back_as_it_was(events: tuple[Event, ...]) -> None:
    whole = document(*events)
    assert read_document(write_document(whole).decode()) == whole


@pytest.mark.parametrize(("events", "twice"), [*((each, False) for each in AS_HELD), *((each, True) for each in OTHERWISE)])
def test_stays_are_written_twice_only_when_they_differ(events: tuple[Event, ...], twice: bool) -> None:
    assert (write_document(document(*events)).count(str(ONE.stay_id).encode()) > 1) is twice
