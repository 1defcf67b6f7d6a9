"""Move, swap, pin and check in: every night of a stay is in one room, and nobody else's room is taken."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.change_stay import ChangeStay
from commands.changing_rooms import NotThere, RoomPinned, RoomUnknown, StillOccupied
from commands.check_in import CheckIn
from commands.desk import NotInState, Over
from commands.move_stay import MoveStay
from commands.pin_room import PinRoom
from commands.swap_stays import SwapStays
from commands.unpin_room import UnpinRoom
from ledger.command import Change
from ledger.ids import property_stream
from ledger.refusal import Refusal
from tests.examples import ARRIVAL, HOTEL, NOW, OPENED, confirmed, held, named, nights_released, stay, usd
from tests.spec import given
from tests.unit.commands.stay_stories import (
    ARRIVAL_DAY,
    BOOKED,
    HELD,
    ID,
    STAY,
    R,
    cancelled,
    checked_in,
    checked_out,
    day,
    moved,
    on_day,
    other,
    pinned,
    reassigned,
    told,
)

OTHER = stay("other", "g2")
THREE_NIGHTS = stay("r", nights=3)


def move(**wish: Any) -> MoveStay:
    asked: dict[str, Any] = {"stay_id": ID, "room": "g2"}
    return MoveStay(reservation_id=R, **(asked | wish))


def swap(**wish: Any) -> SwapStays:
    asked = {"stay_id": ID, "other_reservation_id": named("other"), "other_stay_id": OTHER.stay_id} | wish
    return SwapStays(reservation_id=R, **asked)


def check_in(**wish: Any) -> CheckIn:
    return CheckIn(reservation_id=R, stay_id=ID, **wish)


# —— Move ————————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_stay_moves_with_all_its_nights() -> None:
    leaves, arrives = reassigned(STAY, "r", "g1", "g2", "move", day(0), day(1))
    given(*BOOKED).when(move(reason="upgrade")).then(
        moved(STAY, "r", "g1", "g2", ARRIVAL, "upgrade"), *leaves, *arrives
    ).answers(room="g2")


def test_a_stay_is_split_by_a_move_in_its_middle_and_made_whole_by_another() -> None:
    leaves, arrives = reassigned(STAY, "r", "g1", "g2", "move", day(1))
    split = [moved(STAY, "r", "g1", "g2", day(1), "request"), *leaves, *arrives]
    given(*BOOKED).when(move(first_night=day(1))).then(*split)
    back, home = reassigned(STAY, "r", "g2", "g1", "move", day(1))
    given(*BOOKED, *split).when(move(room="g1")).then(moved(STAY, "r", "g2", "g1", day(1), "request"), *back, *home)


def test_a_split_stay_moves_piece_by_piece_into_a_third_room() -> None:
    leaves, arrives = reassigned(STAY, "r", "g1", "g2", "move", day(1))
    story = [*BOOKED, moved(STAY, "r", "g1", "g2", day(1), "request"), *leaves, *arrives]
    first_left, first_there = reassigned(STAY, "r", "g1", "g3", "move", day(0))
    last_left, last_there = reassigned(STAY, "r", "g2", "g3", "move", day(1))
    given(*story).when(move(room="g3")).then(
        moved(STAY, "r", "g1", "g3", day(0), "request"), moved(STAY, "r", "g2", "g3", day(1), "request"),
        *first_left, *last_left, *first_there, *last_there,
    )  # fmt: skip


def test_in_house_only_nights_that_are_not_past_move() -> None:
    leaves, arrives = reassigned(STAY, "r", "g1", "g2", "move", day(1))
    given(*BOOKED, checked_in()).when(move(), at=on_day(1)).then(
        moved(STAY, "r", "g1", "g2", day(1), "request"), *leaves, *arrives
    )


def test_an_ended_hold_is_no_obstacle() -> None:
    rival = stay("rival", "g2")
    leaves, (first, second) = reassigned(STAY, "r", "g1", "g2", "move", day(0), day(1))
    ended = nights_released((rival,), "expired")
    given(*BOOKED, *held("rival", rival)).when(move(), at=NOW + timedelta(minutes=15)).then(
        moved(STAY, "r", "g1", "g2", ARRIVAL, "request"), *leaves, ended[0], first, ended[1], second
    )


TINY_VILLA = replace(HOTEL, room_types=(HOTEL.room_types[0], replace(HOTEL.room_types[1], max_adults=1)))
SMALL = [*BOOKED, Change(property_stream("kandy"), Property.Redefined(definition=TINY_VILLA))]
LEFT_BEHIND = stay("before", "g2", 1, arrival=day(-1))
STILL_THERE = [*held("before", LEFT_BEHIND), *confirmed("before", LEFT_BEHIND), checked_in(LEFT_BEHIND, "before")]


@pytest.mark.parametrize(
    ("story", "wish", "at", "refusal"),
    [
        (OPENED, {}, NOW, Reservation.Unknown),
        (BOOKED, {"expected_version": 3}, NOW, Reservation.ChangedSince),
        (BOOKED, {"stay_id": named("x")}, NOW, Reservation.StayUnknown),
        (HELD, {}, NOW, NotInState),
        ([*BOOKED, *cancelled()], {}, NOW, NotInState),
        ([*BOOKED, *checked_out()], {}, on_day(2), NotInState),
        (BOOKED, {"first_night": day(-1)}, NOW, MoveStay.NightOutside),
        (BOOKED, {"first_night": day(2)}, NOW, MoveStay.NightOutside),
        ([*BOOKED, checked_in()], {"first_night": day(0)}, on_day(1), MoveStay.NightOutside),
        ([*BOOKED, checked_in()], {}, on_day(2), MoveStay.NightOutside),
        (BOOKED, {"room": "g1"}, NOW, NotThere),
        ([*BOOKED, pinned()], {"room": "cave"}, NOW, RoomPinned),
        (BOOKED, {"room": "cave"}, NOW, RoomUnknown),
        (SMALL, {"room": "v1"}, NOW, Property.TooManyGuests),
        ([*BOOKED, *other("other", "g2", 1, day(1))], {}, NOW, RoomNight.Taken),
        ([*BOOKED, *held("other", OTHER)], {}, NOW, RoomNight.Taken),
        ([*BOOKED, checked_in(), *STILL_THERE], {}, ARRIVAL_DAY, StillOccupied),
    ],
)
def test_what_does_not_move(story: list[Change], wish: dict[str, Any], at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(move(**wish), at=at).refuses(refusal)


def test_who_wants_a_taken_room_is_told_which_are_free() -> None:
    story = given(*BOOKED, *other("other", "g2")).when(move())
    story.refuses(RoomNight.Taken, room="g2", rooms=["g3"])
    assert str(story.refusal).endswith("free is g3.")


# —— Swap ————————————————————————————————————————————————————————————————————————————————————————————————————————————


def swapped(*nights: Any) -> list[Change]:
    leaves, arrives = reassigned(STAY, "r", "g1", "g2", "swap", *nights)
    other_leaves, other_arrives = reassigned(OTHER, "other", "g2", "g1", "swap", *nights)
    return [
        moved(STAY, "r", "g1", "g2", nights[0], "swap"), moved(OTHER, "other", "g2", "g1", nights[0], "swap"),
        *leaves, *other_leaves, *arrives, *other_arrives,
    ]  # fmt: skip


BOTH = [*BOOKED, *other("other", "g2")]


def test_two_stays_swap_all_leaves_before_all_arrivals() -> None:
    given(*BOTH).when(swap()).then(*swapped(day(0), day(1))).answers(
        room="g2", room_type="garden", other_room="g1", other_room_type="garden"
    )


def test_two_guests_in_house_swap_the_nights_that_are_left_and_swap_back() -> None:
    story = [*BOTH, checked_in(), checked_in(OTHER, "other")]
    first = swapped(day(1))
    given(*story).when(swap(), at=on_day(1)).then(*first)
    again = given(*story, *first).when(swap(), at=on_day(1)).decision.changes
    assert len(again) == len(first)


def test_two_stays_of_one_reservation_swap() -> None:
    two = STAY, stay("r", "g2")
    verdict = given(*OPENED, *held("r", *two), *confirmed("r", *two)).when(
        swap(other_reservation_id=R, other_stay_id=two[1].stay_id)
    )
    assert len(verdict.decision.changes) == 10


LONGER = [*BOOKED, *other("other", "g2", 3)]


@pytest.mark.parametrize(
    ("story", "wish", "at", "refusal"),
    [
        (BOOKED, {}, NOW, Reservation.Unknown),
        (BOTH, {"expected_version": 1}, NOW, Reservation.ChangedSince),
        (BOTH, {"other_stay_id": named("x")}, NOW, Reservation.StayUnknown),
        ([*BOOKED, *held("other", OTHER)], {}, NOW, NotInState),
        ([*BOTH, *cancelled()], {}, NOW, NotInState),
        ([*BOTH, checked_in(), checked_in(OTHER, "other")], {}, on_day(2), NotThere),
        (BOTH, {"other_reservation_id": R, "other_stay_id": ID}, NOW, NotThere),
        ([*BOTH, pinned()], {}, NOW, RoomPinned),
        ([*BOTH, pinned(OTHER, "other")], {}, NOW, RoomPinned),
        ([*BOOKED, *other("other", "g2", 2, day(2))], {}, NOW, SwapStays.NoSharedNight),
        ([*BOOKED, *other("other", "g2", 2, day(-2))], {}, NOW, SwapStays.NoSharedNight),
        ([*LONGER, *other("third", "g1", 1, day(2))], {}, NOW, RoomNight.Taken),
    ],
)
def test_what_is_not_swapped(story: list[Change], wish: dict[str, Any], at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(swap(**wish), at=at).refuses(refusal)


def test_a_longer_stay_swaps_when_the_further_nights_are_free() -> None:
    assert given(*LONGER).when(swap()).decision.changes


@pytest.mark.parametrize("moves", [[("g2", 1)], [("g2", 1), ("g3", 2)], [("g3", 1), ("g2", 2)]])
def test_a_split_stay_that_gets_one_room_for_all_nights_says_so_for_each(moves: list[tuple[str, int]]) -> None:
    """Its last room may be the one that it gets: the nights before were in others."""
    booked = [*OPENED, *held("r", THREE_NIGHTS), *confirmed("r", THREE_NIGHTS)]
    story = [*booked, *other("before", "g1", 1, day(-1))]
    for room, first in moves:
        story += given(*story).when(move(first_night=day(first), room=room)).decision.changes
    story += other("besides", "g3" if moves[-1][0] == "g2" else "g2", 1, day(-1))
    story += given(*story).when(ChangeStay(reservation_id=R, stay_id=THREE_NIGHTS.stay_id, arrival=day(-1))).decision.changes
    last = moves[-1][0]
    assert rooms_of(story, THREE_NIGHTS.stay_id) == [(day(number), last) for number in range(-1, 3)]
    assert nights_of(story, THREE_NIGHTS.stay_id) == [(day(number), last) for number in range(-1, 3)]


def rooms_of(story: list[Change], stay_id: UUID) -> list[tuple[date, str]]:
    """Say which rooms the reservation gives a stay."""
    reservation = Reservation()
    for change in story:
        if change.stream == R:
            reservation.apply(change.event)
    return list(reservation.stay(stay_id).nights())


def nights_of(story: list[Change], stay_id: UUID) -> list[tuple[date, str]]:
    """Say which room-nights are a stay's."""
    nights: dict[tuple[date, str], RoomNight] = {}
    for change in story:
        if change.event.topic.startswith("room-night."):
            event: Any = change.event
            nights.setdefault((event.stay_date, event.room), RoomNight()).apply(event)
    return sorted(night for night, state in nights.items() if state.stay_id == stay_id)


def test_a_split_stay_is_not_swapped() -> None:
    leaves, arrives = reassigned(STAY, "r", "g1", "g3", "move", day(1))
    story = [*BOTH, moved(STAY, "r", "g1", "g3", day(1), "request"), *leaves, *arrives]
    given(*story).when(swap()).refuses(SwapStays.Split)


# —— Pin —————————————————————————————————————————————————————————————————————————————————————————————————————————————

PIN, UNPIN = PinRoom(reservation_id=R, stay_id=ID), UnpinRoom(reservation_id=R, stay_id=ID)
UNPINNED = told(Reservation.StayUnpinned(stay_id=ID))


def test_a_room_is_promised_once_and_taken_back_once() -> None:
    given(*BOOKED).when(PIN).then(pinned()).answers(pin="promised")
    given(*BOOKED, pinned()).when(PIN).then()
    given(*BOOKED, pinned()).when(UNPIN).then(UNPINNED)
    given(*BOOKED, pinned(), UNPINNED).when(UNPIN).then()
    given(*BOOKED, pinned()).when(PinRoom(reservation_id=R, stay_id=ID, reason="accessible")).then(
        told(Reservation.StayPinned(stay_id=ID, reason="accessible"))
    )


@pytest.mark.parametrize("ask", [PIN, UNPIN])
def test_what_is_over_is_not_pinned(ask: PinRoom | UnpinRoom) -> None:
    given(*OPENED).when(ask).refuses(Reservation.Unknown)
    given(*BOOKED).when(ask.model_copy(update={"expected_version": 1})).refuses(Reservation.ChangedSince)
    given(*BOOKED, *cancelled()).when(ask).refuses(NotInState, state="cancelled")


# —— Check in ————————————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize(("minutes", "early"), [(0, True), (29, True), (30, False), (31, False)])
def test_guests_are_checked_in_on_their_day_and_may_be_early(minutes: int, early: bool) -> None:
    arrived = Reservation.StayCheckedIn(stay_id=ID, room="g1", early=early, fee=usd(500))
    given(*BOOKED).when(check_in(fee_minor=500), at=on_day(0, minutes)).then(told(arrived)).answers(state="checked_in")


def test_guests_who_come_a_day_late_are_not_early() -> None:
    arrived = Reservation.StayCheckedIn(stay_id=ID, room="g1", early=False, fee=usd(0))
    given(*BOOKED).when(check_in(), at=on_day(1)).then(told(arrived))


def test_guests_get_another_room_when_they_come() -> None:
    leaves, arrives = reassigned(STAY, "r", "g1", "g3", "move", day(0), day(1))
    given(*BOOKED).when(check_in(room="g3"), at=ARRIVAL_DAY).then(
        moved(STAY, "r", "g1", "g3", ARRIVAL, "request"), *leaves, *arrives,
        told(Reservation.StayCheckedIn(stay_id=ID, room="g3", early=True, fee=usd(0))),
    )  # fmt: skip
    given(*BOOKED, pinned()).when(check_in(room="g1"), at=ARRIVAL_DAY).answers(room="g1")


BEFORE = stay("before", "g1", 1, arrival=day(-1))
IN_MY_ROOM = [*held("before", BEFORE), *confirmed("before", BEFORE)]


@pytest.mark.parametrize(
    ("story", "wish", "at", "refusal"),
    [
        (OPENED, {}, NOW, Reservation.Unknown),
        (BOOKED, {"expected_version": 1}, ARRIVAL_DAY, Reservation.ChangedSince),
        (HELD, {}, ARRIVAL_DAY, NotInState),
        ([*BOOKED, checked_in()], {}, ARRIVAL_DAY, NotInState),
        ([*BOOKED, *checked_out()], {}, ARRIVAL_DAY, NotInState),
        ([*BOOKED, *cancelled()], {}, ARRIVAL_DAY, NotInState),
        (BOOKED, {}, on_day(2), Over),
        (BOOKED, {}, on_day(-1), CheckIn.TooEarly),
        ([*BOOKED, pinned()], {"room": "g2"}, ARRIVAL_DAY, RoomPinned),
        (BOOKED, {"room": "cave"}, ARRIVAL_DAY, RoomUnknown),
        (SMALL, {"room": "v1"}, ARRIVAL_DAY, Property.TooManyGuests),
        (BOTH, {"room": "g2"}, ARRIVAL_DAY, RoomNight.Taken),
        ([*BOOKED, *IN_MY_ROOM, checked_in(BEFORE, "before")], {}, ARRIVAL_DAY, StillOccupied),
    ],
)
def test_who_is_not_checked_in(story: list[Change], wish: dict[str, Any], at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(check_in(**wish), at=at).refuses(refusal)


def test_a_room_whose_last_guests_never_came_is_empty() -> None:
    assert given(*BOOKED, *IN_MY_ROOM).when(check_in(), at=ARRIVAL_DAY).decision.changes


def test_a_stay_moves_into_a_house_made_of_two_rooms_and_out_again() -> None:
    house = replace(HOTEL, rooms=(*HOTEL.rooms, replace(HOTEL.rooms[-1], code="g2+g3")))
    story = [*BOOKED, Change(property_stream("kandy"), Property.Redefined(definition=house))]
    into = given(*story).when(move(room="g2+g3")).decision.changes
    arrived = [each.event for each in into if isinstance(each.event, RoomNight.Reassigned) and each.event.arrives]
    entered = [(event.room, event.stay_date) for event in arrived]
    assert sorted(entered) == [("g2", day(0)), ("g2", day(1)), ("g3", day(0)), ("g3", day(1))]
    out = given(*story, *into).when(move(room="g1")).decision.changes
    assert len(out) == 1 + 4 + 2
    given(*story, *other("other", "g3")).when(move(room="g2+g3")).refuses(RoomNight.Taken)
    half = given(*story, *into).when(move(room="g2")).decision.changes
    assert len(half) == 1 + 4 + 2, "its own nights are no obstacle"


def test_a_room_that_is_still_occupied_today_can_be_had_from_tomorrow() -> None:
    story = [*BOOKED, checked_in(), *STILL_THERE]
    assert given(*story).when(move(first_night=day(1)), at=ARRIVAL_DAY).decision.changes


def test_neither_of_two_who_swap_gets_a_room_that_is_too_small() -> None:
    in_villa = replace(stay("other", "v1"), room_type="villa")
    story = [*SMALL, *held("other", in_villa), *confirmed("other", in_villa)]
    back = SwapStays(
        reservation_id=named("other"), stay_id=in_villa.stay_id, other_reservation_id=R, other_stay_id=ID, other_types=True
    )
    given(*story).when(swap(other_stay_id=in_villa.stay_id, other_types=True)).refuses(Property.TooManyGuests)
    given(*story).when(back).refuses(Property.TooManyGuests)


def test_a_swap_does_not_push_anybody_out_of_a_room_that_is_held() -> None:
    rival = stay("rival", "g1", 1, arrival=day(2))
    given(*LONGER, *held("rival", rival)).when(swap()).refuses(RoomNight.Taken, room="g1")


VILLA = replace(stay("other", "v1"), room_type="villa")
WITH_THE_VILLA: dict[str, Any] = {"other_stay_id": VILLA.stay_id}
ONE_IN_THE_VILLA = [*BOOKED, *held("other", VILLA), *confirmed("other", VILLA)]


def test_other_types_are_swapped_only_when_that_is_said() -> None:
    given(*ONE_IN_THE_VILLA).when(swap(**WITH_THE_VILLA)).refuses(
        SwapStays.OtherType, room_type="garden", booked="garden", other_room_type="villa", other_booked="villa"
    )
    swapped_types = given(*ONE_IN_THE_VILLA).when(swap(**WITH_THE_VILLA, other_types=True))
    swapped_types.answers(room="v1", room_type="villa", other_room="g1", other_room_type="garden")
    assert len(swapped_types.decision.changes) == 10


def test_back_into_the_types_that_were_booked_nobody_need_agree() -> None:
    there = given(*ONE_IN_THE_VILLA).when(swap(**WITH_THE_VILLA, other_types=True)).decision.changes
    given(*ONE_IN_THE_VILLA, *there).when(swap(**WITH_THE_VILLA)).answers(
        room="g1", room_type="garden", other_room_type="villa"
    )


@pytest.mark.parametrize("arrival", [-1, 0, 1])
def test_stays_that_share_one_night_are_swapped(arrival: int) -> None:
    assert given(*BOOKED, *other("other", "g2", 2, day(arrival))).when(swap()).decision.changes
