"""Laws 1 and 2: one holder at most; a hold past its time is free for the next taker, who says so first."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

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
    with pytest.raises(RoomNight.NotBooked, match=r"^Room g1 is not booked for this stay on 2126-03-10\.$"):
        night(held(), BOOKED).cancel(room="g1", stay_date=ARRIVAL, stay_id=YOURS)
    for other in (night(), night(held()), night(held(), BOOKED, CANCELLED)):
        with pytest.raises(RoomNight.NotBooked):
            other.cancel(room="g1", stay_date=ARRIVAL, stay_id=MINE)


# —— Blocks, moves and ends ———————————————————————————————————————————————————————————————————————————————————————————

BLOCK = RoomNight.Blocked(room="g1", stay_date=ARRIVAL, block_id=YOURS, reason="group", movable=True)
UNBLOCKED = RoomNight.Unblocked(room="g1", stay_date=ARRIVAL, block_id=YOURS, reason="ended")


def block(room_night: RoomNight, minute: float = 0) -> list[Event]:
    return room_night.block(room="g1", stay_date=ARRIVAL, block_id=YOURS, reason="group", movable=True, now=minutes(minute))


def unblock(room_night: RoomNight, block_id: UUID = YOURS) -> list[Event]:
    return room_night.unblock(room="g1", stay_date=ARRIVAL, block_id=block_id, reason="ended")


def test_a_free_night_is_blocked_and_freed_by_its_own_block_only() -> None:
    assert block(night()) == [BLOCK]
    assert block(night(held()), 15) == [EXPIRED, BLOCK]
    assert unblock(night(BLOCK)) == [UNBLOCKED]
    assert unblock(night(BLOCK), MINE) == []
    assert unblock(night()) == []
    assert unblock(night(held(YOURS))) == []


@pytest.mark.parametrize("taken", [(held(),), (held(), BOOKED), (BLOCK,)])
def test_a_taken_night_is_neither_blocked_nor_held(taken: tuple[Event, ...]) -> None:
    with pytest.raises(RoomNight.Taken):
        block(night(*taken))
    with pytest.raises(RoomNight.Taken):
        take(night(*taken), 0)


def test_what_a_blocked_night_knows() -> None:
    known = {"state": "blocked", "stay_id": YOURS, "reservation_id": None, "held_until": None, "movable": True}
    assert vars(night(held(), EXPIRED, BLOCK)) == known
    assert vars(night(BLOCK, UNBLOCKED)) == vars(RoomNight())


def test_a_booked_night_that_is_not_used_is_given_back() -> None:
    ended = RoomNight.Released(room="g1", stay_date=ARRIVAL, stay_id=MINE, reason="no_show")
    assert night(held(), BOOKED).end(room="g1", stay_date=ARRIVAL, stay_id=MINE, reason="no_show") == ended
    assert vars(night(held(), BOOKED, ended)) == vars(RoomNight())
    for others in (night(), night(held()), night(held(YOURS), BOOKED)):
        with pytest.raises(RoomNight.NotBooked, match=r"^Room g1 is not booked for this stay on 2126-03-10\.$"):
            others.end(room="g1", stay_date=ARRIVAL, stay_id=MINE, reason="no_show")


def moving(arrives: bool, until: datetime | None) -> RoomNight.Reassigned:
    return RoomNight.Reassigned(
        room="g1", stay_date=ARRIVAL, stay_id=MINE, reservation_id=named("r"), other_room="g2", arrives=arrives,
        held_until=until, reason="move",
    )  # fmt: skip


@pytest.mark.parametrize(("until", "state"), [(None, "booked"), (HELD_UNTIL, "held")])
def test_a_stay_that_moves_is_as_held_or_booked_as_before(until: datetime | None, state: str) -> None:
    arrived = night(moving(arrives=True, until=until))
    assert (arrived.state, arrived.stay_id, arrived.reservation_id, arrived.held_until) == (state, MINE, named("r"), until)
    assert vars(night(held(), moving(arrives=False, until=until))) == vars(RoomNight())


# —— Day use ——————————————————————————————————————————————————————————————————————————————————————————————————————————

DAY = "day"


def by_day(event: Event) -> Event:
    return replace(event, slot=DAY)


def test_what_happens_by_day_is_told_of_the_day() -> None:
    where: dict[str, Any] = {"room": "g1", "stay_date": ARRIVAL, "slot": DAY}
    expired, day_held, booked = by_day(EXPIRED), by_day(held()), by_day(BOOKED)
    until, now = HELD_UNTIL, minutes(0)
    taken: dict[str, Any] = {"stay_id": MINE, "reservation_id": named("r"), "held_until": until, "now": now}
    blocking: dict[str, Any] = {"block_id": YOURS, "reason": "group", "movable": True}
    assert night().hold(**where, **taken) == [day_held]
    assert night(day_held).hold(**where, **(taken | {"now": until})) == [expired, day_held]
    assert night(day_held).confirm(**where, stay_id=MINE) == booked
    assert night(day_held).release(**where, stay_id=MINE, reason="expired") == [expired]
    assert night(day_held, booked).cancel(**where, stay_id=MINE) == by_day(CANCELLED)
    ended = RoomNight.Released(**where, stay_id=MINE, reason="no_show")
    assert night(day_held, booked).end(**where, stay_id=MINE, reason="no_show") == ended
    assert night().block(**where, **blocking, now=now) == [by_day(BLOCK)]
    assert night(by_day(BLOCK)).unblock(**where, block_id=YOURS, reason="ended") == [by_day(UNBLOCKED)]
