"""Stays that are changed when some of their nights are over: who stayed on without saying so, and who comes late."""

from __future__ import annotations

from typing import Any

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.change_stay import ChangeStay
from tests.examples import stay
from tests.spec import Verdict, given
from tests.unit.commands.stay_stories import BOOKED, ID, R, checked_in, day, moved, on_day, other


def change(**wanted: Any) -> ChangeStay:
    return ChangeStay(reservation_id=R, stay_id=ID, **wanted)


def booked_nights(verdict: Verdict) -> list[tuple[str, int]]:
    """List the rooms and nights that were booked, nights counted from the arrival."""
    events = [change.event for change in verdict.decision.changes]
    return [(each.room, (each.stay_date - day(0)).days) for each in events if isinstance(each, RoomNight.BookingConfirmed)]


def moves(verdict: Verdict) -> list[Any]:
    return [change for change in verdict.decision.changes if isinstance(change.event, Reservation.StayMoved)]


def test_a_night_that_is_over_and_was_sold_to_others_is_not_had_afterwards() -> None:
    story = [*BOOKED, checked_in(), *other("next", "g1", 1, day(2))]
    asked = given(*story).when(change(departure=day(3)), at=on_day(3))
    asked.refuses(ChangeStay.RoomTaken, room="g1", rooms=["g2", "g3"])


def test_who_stayed_on_keeps_the_room_and_the_next_guests_make_way() -> None:
    """They should have left yesterday and leave in two days; tomorrow somebody else was to have the room."""
    story = [*BOOKED, checked_in(), *other("next", "g1", 1, day(4))]
    verdict = given(*story).when(change(departure=day(5)), at=on_day(3))
    assert moves(verdict) == [moved(stay("next", "g1"), "next", "g1", "g2", day(4), "reshuffle")]
    assert booked_nights(verdict) == [("g1", 2), ("g1", 3), ("g1", 4)]


def test_the_next_guests_make_way_also_for_who_comes_a_day_late_and_stays_longer() -> None:
    story = [*BOOKED, *other("next", "g1", 1, day(2)), *other("before", "g2", 2), *other("whole", "g3", 3)]
    verdict = given(*story).when(change(departure=day(3)), at=on_day(1))
    assert moves(verdict) == [moved(stay("next", "g1"), "next", "g1", "g2", day(2), "reshuffle")]
    assert booked_nights(verdict) == [("g1", 0), ("g1", 1), ("g1", 2)]


def test_nobody_who_was_there_last_night_makes_way() -> None:
    story = [*BOOKED, *other("next", "g1", 1, day(2)), *other("before", "g2", 3), *other("whole", "g3", 3)]
    given(*story).when(change(departure=day(3)), at=on_day(1)).refuses(ChangeStay.SoldOut, rooms_left=0)
