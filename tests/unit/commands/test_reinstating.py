"""Guests who had not come come after all: which nights and which room they get, what they owe, and when it is too late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.desk import NotInState, Over
from commands.mark_no_show import MarkNoShow
from commands.move_stay import MoveStay
from commands.private_fields import GuestForgotten
from commands.reinstate_stay import ReinstateStay
from ledger.command import Change
from ledger.ids import property_stream
from ledger.price import no_show_fee, part_of
from ledger.refusal import Refusal
from ledger.stay import BookedStay
from tests.examples import (
    CODE,
    HOTEL,
    NOW,
    OPENED,
    confirmed,
    dates,
    held,
    named,
    stay,
    usd,
)  # fmt: skip
from tests.spec import given
from tests.unit.commands.stay_stories import BOOKED, ID, R, checked_in, day, moved, on_day, other, paid, pinned, told

THREE = stay("r", nights=3)
WHOLE = THREE.price.total
NIGHT = no_show_fee(THREE.price)
MORNING = -150
"""Minutes from half past one in the afternoon back to the check-out time."""
ALL_ROOMS = [f"g{number}" for number in range(1, 4)]


def absent(*before: Change, of: BookedStay = THREE, at: datetime | None = None) -> list[Change]:
    """Tell a story, and that the guests did not come."""
    story = before or [*OPENED, *held("r", of), *confirmed("r", of)]
    marked = given(*story).when(MarkNoShow(reservation_id=R, stay_id=of.stay_id), at=at or on_day(1, MORNING - 60))
    return [*story, *marked.decision.changes]


def back(**content: Any) -> ReinstateStay:
    return ReinstateStay(reservation_id=R, stay_id=ID, **content)


def from_day(first: int, of: BookedStay = THREE, room: str = "g1") -> BookedStay:
    """Give the stay from a day on, at the price that was agreed for its nights."""
    left = dates(of.dates.nights - first, day(first))
    return replace(of, dates=left, price=part_of(of.price, set(left)), room=room)


def owed(story: list[Change]) -> int:
    """Say what the guest owes after a story."""
    return reservation_after(story).owed.amount_minor


def reservation_after(story: list[Change]) -> Reservation:
    reservation = Reservation()
    for change in story:
        if change.stream == R:
            reservation.apply(change.event)
    return reservation


def nights_booked(changes: Sequence[Change]) -> list[tuple[str, date]]:
    return [(each.event.room, each.event.stay_date) for each in changes if isinstance(each.event, RoomNight.BookingConfirmed)]


def reinstated(changes: Sequence[Change]) -> Reservation.StayReinstated:
    (found,) = [each.event for each in changes if isinstance(each.event, Reservation.StayReinstated)]
    return found


@pytest.mark.parametrize(
    ("minutes", "business_day", "first"),
    [(-60, None, 0), (-1, None, 0), (0, None, 1), (-60, 1, 1), (180, 0, 0), (24 * 60, None, 2), (24 * 60 - 1, None, 1)],
)
def test_they_begin_with_the_night_that_is_being_slept(minutes: int, business_day: int | None, first: int) -> None:
    business_date = None if business_day is None else day(business_day)
    verdict = given(*absent()).when(back(), at=on_day(1, MORNING + minutes), business_date=business_date)
    verdict.answers(state="confirmed", room="g1", arrival=day(first).isoformat(), departure=day(3).isoformat())
    assert nights_booked(verdict.decision.changes) == [("g1", day(night)) for night in range(first, 3)]
    assert reinstated(verdict.decision.changes).stay == from_day(first)


def test_who_comes_in_the_same_night_pays_what_was_agreed_and_no_fee() -> None:
    story = absent()
    verdict = given(*story).when(back(), at=on_day(1, MORNING - 1)).answers(fee={"amount_minor": 0, "currency": "USD"})
    assert owed([*story, *verdict.decision.changes]) == WHOLE.amount_minor


@pytest.mark.parametrize("plan", ["flexible", "saver"])
@pytest.mark.parametrize("first", [1, 2])
def test_no_night_is_paid_twice(plan: str, first: int) -> None:
    booked = stay("r", nights=3, rate_plan=plan)
    story = absent(of=booked)
    verdict = given(*story).when(back(first_night=day(first)), at=on_day(1))
    missed = booked.price.total - from_day(first, booked).price.total
    fee = min(no_show_fee(booked.price), missed)
    assert reinstated(verdict.decision.changes).fee == fee
    assert owed([*story, *verdict.decision.changes]) == (from_day(first, booked).price.total + fee).amount_minor
    assert owed([*story, *verdict.decision.changes]) <= booked.price.total.amount_minor


def test_the_fee_can_be_waived_and_what_was_paid_for_it_goes_back() -> None:
    story = absent(*paid(WHOLE, THREE))
    kept = given(*story).when(back(), at=on_day(1))
    assert reinstated(kept.decision.changes).refund == usd(0)
    waived = given(*story).when(back(waive_fee=True, first_night=day(2)), at=on_day(1))
    assert reinstated(waived.decision.changes).fee == usd(0)
    left = from_day(2).price.total
    assert owed([*story, *waived.decision.changes]) == left.amount_minor
    assert reinstated(waived.decision.changes).refund.amount_minor == max(0, (NIGHT - left).amount_minor)


def test_somebody_else_has_the_room_so_they_get_another_one_of_the_type() -> None:
    story = [*absent(), *other("late", "g1", arrival=day(1))]
    verdict = given(*story).when(back(), at=on_day(1)).answers(room="g2")
    assert reinstated(verdict.decision.changes).stay == from_day(1, room="g2")
    assert nights_booked(verdict.decision.changes) == [("g2", day(1)), ("g2", day(2))]


def test_a_promised_room_that_is_gone_is_promised_no_more() -> None:
    story = [*OPENED, *held("r", THREE), *confirmed("r", THREE), pinned(THREE)]
    there = given(*absent(*story)).when(back(), at=on_day(1))
    assert reinstated(there.decision.changes).stay.pin == "promised"
    gone = given(*absent(*story), *other("late", "g1", arrival=day(1))).when(back(), at=on_day(1))
    assert (reinstated(gone.decision.changes).stay.pin, reinstated(gone.decision.changes).stay.room) == ("", "g2")


def test_rooms_of_several_parts_are_theirs_again_from_the_first_night_on() -> None:
    verdict = given(*absent(*booked_in_two())).when(back(), at=on_day(1))
    assert nights_booked(verdict.decision.changes) == [("g1", day(1)), ("g2", day(2))]
    verdict.answers(room="g2")


def booked_in_two() -> list[Change]:
    """Tell of a stay that goes to g2 for its last night."""
    story = [*OPENED, *held("r", THREE), *confirmed("r", THREE)]
    move = given(*story).when(MoveStay(reservation_id=R, stay_id=ID, room="g2", first_night=day(2)), at=NOW)
    return [*story, *move.decision.changes]


def test_the_last_of_several_rooms_for_all_nights_is_told_as_a_move() -> None:
    story = [*absent(*booked_in_two()), *other("late", "g1", nights=1, arrival=day(1)), *other("long", "g3", arrival=day(1))]
    verdict = given(*story).when(back(), at=on_day(1)).answers(room="g2")
    assert nights_booked(verdict.decision.changes) == [("g2", day(1)), ("g2", day(2))]
    changes = [each for each in verdict.decision.changes if isinstance(each.event, Reservation.StayMoved)]
    assert changes == [moved(THREE, "r", "g1", "g2", day(1), "other")]
    reservation = reservation_after([*story, *verdict.decision.changes])
    assert list(reservation.live[ID].nights()) == [(day(1), "g2"), (day(2), "g2")]


def test_a_room_that_the_hotel_has_no_more_is_not_given() -> None:
    smaller = replace(HOTEL, rooms=tuple(room for room in HOTEL.rooms if room.code != "g1"))
    story = [*absent(), Change(property_stream(CODE), Property.Redefined(definition=smaller))]
    given(*story).when(back(), at=on_day(1)).answers(room="g2")


def test_nothing_is_left_for_them() -> None:
    story = absent()
    for room in ALL_ROOMS:
        story += other(f"in {room}", room, arrival=day(1))
    given(*story).when(back(), at=on_day(1)).refuses(ReinstateStay.SoldOut, rooms_left=0)


@pytest.mark.parametrize(
    ("story", "command", "at", "refusal"),
    [
        (OPENED, back(), on_day(1), Reservation.Unknown),
        (absent(), back(expected_version=1), on_day(1), Reservation.ChangedSince),
        (BOOKED, back(), on_day(1), NotInState),
        ([*BOOKED, checked_in()], back(), on_day(1), NotInState),
        (absent(), back(), on_day(3), Over),
        (absent(), back(first_night=day(0)), on_day(1), ReinstateStay.NightOutside),
        (absent(), back(first_night=day(3)), on_day(1), ReinstateStay.NightOutside),
        ([*absent(), told(Reservation.GuestErased(guest_id=named("guest")))], back(), on_day(1), GuestForgotten),
    ],
)
def test_who_is_not_taken_back(story: list[Change], command: ReinstateStay, at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(command, at=at).refuses(refusal)


@pytest.mark.parametrize(("minutes", "is_over"), [(-1, False), (0, True)])
def test_the_last_night_is_theirs_until_the_check_out_time(minutes: int, *, is_over: bool) -> None:
    verdict = given(*absent()).when(back(), at=on_day(3, MORNING + minutes))
    if is_over:
        verdict.refuses(Over, departure=day(3).isoformat())
    else:
        verdict.answers(arrival=day(2).isoformat())


def test_a_room_for_the_day_does_not_come_back() -> None:
    booked = replace(stay("r", nights=1), slot="day")
    story = [*OPENED, *held("r", booked), told(Reservation.Confirmed(guarantee="staff"))]
    story.append(told(Reservation.StayNoShow(stay_id=ID, fee=usd(0), refund=usd(0))))
    given(*story).when(back(), at=on_day(1, MORNING - 60)).refuses(Over)


def test_they_can_be_absent_again_and_come_again() -> None:
    story = absent()
    story += given(*story).when(back(), at=on_day(1)).decision.changes
    story = absent(*story, at=on_day(2))
    again = given(*story).when(back(), at=on_day(2))
    assert nights_booked(again.decision.changes) == [("g1", day(2))]
    assert owed([*story, *again.decision.changes]) <= WHOLE.amount_minor
