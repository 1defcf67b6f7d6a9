"""What a stay is after each of its events: the whole of it, so that nothing else changes with what does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from aggregates import stay_events
from aggregates.reservation import Reservation
from ledger.event import Event
from ledger.stay import LiveStay, as_held
from tests.examples import ARRIVAL, SEALED, named, price, stay, usd

BOOKED = stay("r")
STAY = replace(as_held(BOOKED), state="confirmed")
OTHER = replace(as_held(stay("r", "g2")), state="confirmed")
ID = BOOKED.stay_id
LONGER = stay("r", nights=4)
NEXT_DAY = ARRIVAL + timedelta(days=1)
LATER = stay("r", nights=1, arrival=NEXT_DAY)


@pytest.mark.parametrize(
    ("event", "after"),
    [
        (
            stay_events.StayChanged(stay_id=ID, stay=LONGER, difference=usd(1), reason="extended"),
            replace(STAY, booked=LONGER),
        ),
        (
            stay_events.StayMoved(stay_id=ID, from_room="g1", to_room="g3", first_night=NEXT_DAY, reason="request"),
            replace(STAY, booked=replace(BOOKED, room="g3"), segments=((ARRIVAL, "g1"), (NEXT_DAY, "g3"))),
        ),
        (
            stay_events.StayPinned(stay_id=ID, reason="promised"),
            replace(STAY, booked=replace(BOOKED, pin="promised")),
        ),
        (
            stay_events.StayCheckedIn(stay_id=ID, room="g1", early=True, fee=usd(5)),
            replace(STAY, state="checked_in", extras=usd(5)),
        ),
        (
            stay_events.StayCheckedOut(stay_id=ID, departed_on=NEXT_DAY, late=True, fee=usd(7)),
            replace(STAY, state="checked_out", extras=usd(7)),
        ),
        (stay_events.StayNoShow(stay_id=ID, fee=usd(9), refund=usd(0)), replace(STAY, state="no_show", fee=usd(9))),
        (
            stay_events.StayReinstated(stay_id=ID, stay=LATER, fee=usd(3), refund=usd(0)),
            replace(STAY, booked=LATER, segments=((NEXT_DAY, "g1"),), extras=usd(3)),
        ),
        (
            stay_events.StayCancelled(stay_id=ID, reason="illness", fee=usd(11), refund=usd(0)),
            replace(STAY, state="cancelled", fee=usd(11)),
        ),
        (stay_events.Noted(stay_id=ID, note=SEALED), STAY),
        (stay_events.GuestsNamed(stay_id=ID, guests=SEALED), STAY),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_changes_its_own_stay_only(event: Event, after: LiveStay) -> None:
    stays = {ID: STAY, OTHER.stay_id: OTHER}
    assert stay_events.folded(stays, event) == {ID: after, OTHER.stay_id: OTHER}
    assert stays == {ID: STAY, OTHER.stay_id: OTHER}, "what was read before is as it was"


def test_a_promise_taken_back_leaves_nothing_behind() -> None:
    pinned = stay_events.folded({ID: STAY}, stay_events.StayPinned(stay_id=ID, reason="accessible"))
    assert stay_events.folded(pinned, stay_events.StayUnpinned(stay_id=ID)) == {ID: STAY}


def test_who_comes_back_owes_the_nights_that_are_left_and_not_the_fee_for_staying_away() -> None:
    absent = stay_events.folded({ID: STAY}, stay_events.StayNoShow(stay_id=ID, fee=usd(9), refund=usd(0)))
    back = stay_events.folded(absent, stay_events.StayReinstated(stay_id=ID, stay=LATER, fee=usd(3), refund=usd(0)))
    assert back[ID].owed == LATER.price.total + usd(3)
    assert (back[ID].state, back[ID].fee) == ("confirmed", usd(0))


def test_fees_on_top_add_up() -> None:
    early = stay_events.StayCheckedIn(stay_id=ID, room="g1", early=True, fee=usd(5))
    late = stay_events.StayCheckedOut(stay_id=ID, departed_on=NEXT_DAY, late=True, fee=usd(7))
    gone = stay_events.folded(stay_events.folded({ID: STAY}, early), late)
    assert gone == {ID: replace(STAY, state="checked_out", extras=usd(12))}
    assert gone[ID].owed == price().total + usd(12)


@pytest.mark.parametrize(
    "event",
    [
        stay_events.StayUnpinned(stay_id=named("nobody")),
        stay_events.Noted(stay_id=None, note=SEALED),
        Reservation.Confirmed(guarantee="card"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_of_no_stay_changes_none(event: Event) -> None:
    assert stay_events.folded({ID: STAY}, event) == {ID: STAY}
