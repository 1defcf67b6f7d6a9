"""Laws 1 and 2: one holder at most; a hold past its time is free for the next taker, who says so first."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from aggregates.room_night import RoomNight
from ledger.event import Event
from tests.examples import ARRIVAL, HELD_UNTIL, minutes, named

MINE, YOURS = named("mine"), named("yours")


def night(*events: Event) -> RoomNight:
    room_night = RoomNight()
    for event in events:
        room_night.apply(event)
    return room_night


def held(stay: UUID = MINE, until: datetime = HELD_UNTIL) -> RoomNight.HoldRequested:
    return RoomNight.HoldRequested(room="g1", stay_date=ARRIVAL, stay_id=stay, reservation_id=named("r"), held_until=until)


BOOKED = RoomNight.BookingConfirmed(room="g1", stay_date=ARRIVAL, stay_id=MINE)
CANCELLED = RoomNight.Cancelled(room="g1", stay_date=ARRIVAL, stay_id=MINE)
EXPIRED = RoomNight.HoldReleased(room="g1", stay_date=ARRIVAL, stay_id=MINE, reason="expired")


def take(room_night: RoomNight, minute: float) -> list[Event]:
    return room_night.hold(
        room="g1", stay_date=ARRIVAL, stay_id=YOURS, reservation_id=named("r"), held_until=minutes(60), now=minutes(minute)
    )


def test_a_new_night_knows_nothing() -> None:
    known = {"state": "free", "stay_id": None, "reservation_id": None, "held_until": None, "movable": False}
    assert vars(RoomNight()) == known


def test_a_free_night_is_held() -> None:
    assert take(night(), 0) == [held(YOURS, minutes(60))]
    assert take(night(held(), EXPIRED), 0) == [held(YOURS, minutes(60))]
    assert take(night(held(), BOOKED, CANCELLED), 0) == [held(YOURS, minutes(60))]


def test_a_held_night_is_taken_until_its_time_is_over() -> None:
    with pytest.raises(RoomNight.Taken, match="g1 is taken on 2126-03-10"):
        take(night(held()), 14.99)
    for minute in (15, 16):
        assert take(night(held()), minute) == [EXPIRED, held(YOURS, minutes(60))]


def test_a_booked_night_is_taken_for_ever() -> None:
    with pytest.raises(RoomNight.Taken):
        take(night(held(), BOOKED), 10**6)


def test_only_the_holder_confirms_also_when_late() -> None:
    assert night(held()).confirm(room="g1", stay_date=ARRIVAL, stay_id=MINE) == BOOKED
    for other in (night(), night(held(YOURS)), night(held(), EXPIRED), night(held(), BOOKED)):
        with pytest.raises(RoomNight.NotHeld):
            other.confirm(room="g1", stay_date=ARRIVAL, stay_id=MINE)


def test_releasing_touches_only_a_hold_of_ones_own() -> None:
    assert night(held()).release(room="g1", stay_date=ARRIVAL, stay_id=MINE, reason="expired") == [EXPIRED]
    for other in (night(), night(held(YOURS)), night(held(), BOOKED), night(held(), EXPIRED)):
        assert other.release(room="g1", stay_date=ARRIVAL, stay_id=MINE, reason="expired") == []


def test_only_the_one_who_booked_cancels() -> None:
    assert night(held(), BOOKED).cancel(room="g1", stay_date=ARRIVAL, stay_id=MINE) == CANCELLED
    with pytest.raises(RoomNight.NotBooked):
        night(held(), BOOKED).cancel(room="g1", stay_date=ARRIVAL, stay_id=YOURS)
    for other in (night(), night(held()), night(held(), BOOKED, CANCELLED)):
        with pytest.raises(RoomNight.NotBooked):
            other.cancel(room="g1", stay_date=ARRIVAL, stay_id=MINE)
