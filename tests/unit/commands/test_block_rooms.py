"""Rooms off the market: which room-nights are blocked, who makes way, who is named when nobody can, and how a block ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.upkeep import LONGEST_BLOCK_NIGHTS, RoomBlock, Upkeep
from commands.block_rooms import BlockRooms
from commands.hold_stay import HoldStay
from commands.unblock_rooms import UnblockRooms
from ledger.command import Change
from ledger.ids import made_by, property_stream, room_night_stream, upkeep_stream
from ledger.refusal import Refusal
from tests.examples import ARRIVAL, CODE, OPENED, confirmed, held, hold_stay, minutes, named, stay
from tests.spec import given

BLOCK = made_by(named("command"), "block")
TODAY = date(2126, 3, 1)


def block(*rooms: str, nights: int = 2, first: date = ARRIVAL, **more: Any) -> BlockRooms:
    last = first + timedelta(days=nights - 1)
    return BlockRooms(rooms=rooms or ("g1",), first_night=first, last_night=last, **more)


def noted(*rooms: str, nights: int = 2, kind: Any = "out_of_order", block_id: Any = BLOCK) -> Change:
    whole = RoomBlock(
        block_id=block_id, rooms=rooms, first_night=ARRIVAL, last_night=ARRIVAL + timedelta(days=nights - 1), kind=kind, note=""
    )
    return Change(upkeep_stream(CODE), Upkeep.RoomsBlocked(block=whole))


def nights_blocked(*rooms: str, nights: int = 2, reason: Any = "out_of_order", block_id: Any = BLOCK) -> list[Change]:
    return [
        Change(
            room_night_stream(CODE, room, ARRIVAL + timedelta(days=night)),
            RoomNight.Blocked(
                room=room, stay_date=ARRIVAL + timedelta(days=night), block_id=block_id, reason=reason, movable=False
            ),
        )
        for room in rooms
        for night in range(nights)
    ]  # fmt: skip


def test_a_room_out_of_order_is_taken_for_every_night() -> None:
    verdict = given(*OPENED).when(block("g1", "v1", "g1"))
    verdict.then(noted("g1", "v1"), *nights_blocked("g1", "v1"))
    verdict.answers(block_id=str(BLOCK), rooms=("g1", "v1"), reason="out_of_order", moved=[])
    days = [
        room_night_stream(CODE, room, ARRIVAL + timedelta(days=night), "day") for room in ("g1", "v1") for night in range(2)
    ]
    assert list(verdict.decision.guards) == [property_stream(CODE), *days]


def test_house_use_says_so() -> None:
    blocked = given(*OPENED).when(block(reason="house_use"))
    blocked.then(noted("g1", kind="house_use"), *nights_blocked("g1", reason="house_use"))


def test_out_of_service_leaves_the_room_on_sale_also_while_somebody_is_in_it() -> None:
    story = given(*OPENED, *held("guest"))
    story.when(block(reason="out_of_service")).then(noted("g1", kind="out_of_service"))


def test_a_blocked_room_is_not_sold() -> None:
    blocked = [noted("g1", "g2", "g3"), *nights_blocked("g1", "g2", "g3")]
    given(*OPENED, *blocked).when(hold_stay()).refuses(HoldStay.SoldOut, rooms_left=0)


def test_a_stay_that_was_not_promised_its_room_makes_way() -> None:
    verdict = given(*OPENED, *held("guest"), *confirmed("guest")).when(block())
    told = [change.event for change in verdict.decision.changes]
    moved = [event for event in told if isinstance(event, Reservation.StayMoved)]
    assert [(event.from_room, event.reason) for event in moved] == [("g1", "reshuffle")]
    assert list(verdict.decision.changes[-2:]) == nights_blocked("g1")
    assert [event.room for event in told if isinstance(event, RoomNight.Reassigned)] == ["g1"] * 2 + [moved[0].to_room] * 2
    verdict.answers(moved=[str(named("guest/g1"))])


def test_two_rooms_are_blocked_and_their_guests_do_not_go_from_one_to_the_other() -> None:
    stays = stay("guest", "g1"), stay("guest", "g2")
    given(*OPENED, *held("guest", *stays)).when(block("g1", "g2")).refuses(BlockRooms.InTheWay)


def test_who_was_promised_the_room_is_named() -> None:
    pinned = Change(named("guest"), Reservation.StayPinned(stay_id=named("guest/g1"), reason="promised"))
    story = given(*OPENED, *held("guest"), *confirmed("guest"), pinned)
    there = {
        "stay_id": str(named("guest/g1")), "room": "g1", "night": ARRIVAL.isoformat(), "state": "booked",
        "reservation_id": str(named("guest")),
    }  # fmt: skip
    story.when(block()).refuses(BlockRooms.InTheWay, stays=[there])


def test_a_block_in_the_way_is_named() -> None:
    other = named("other block")
    story = given(*OPENED, noted("g1", block_id=other), *nights_blocked("g1", block_id=other))
    there = {"stay_id": str(other), "room": "g1", "night": ARRIVAL.isoformat(), "state": "blocked"}
    story.when(block()).refuses(BlockRooms.InTheWay, stays=[there])


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (block("g1", "g9", nights=0), BlockRooms.RoomUnknown),
        (block(nights=0), Upkeep.LastBeforeFirst),
        (block(nights=LONGEST_BLOCK_NIGHTS + 1), Upkeep.TooLong),
        (block(first=TODAY - timedelta(days=1)), Upkeep.Past),
        (block(first=TODAY + timedelta(days=1101)), Upkeep.TooFar),
    ],
)
def test_what_makes_no_sense_is_refused_in_this_order(asked: BlockRooms, refusal: type[Refusal]) -> None:
    given(*OPENED, *held("guest")).when(asked).refuses(refusal)


@pytest.mark.parametrize("first", [TODAY, TODAY + timedelta(days=1100)])
def test_the_first_and_the_last_night_that_can_be_blocked(first: date) -> None:
    assert given(*OPENED).when(block(first=first, nights=1)).decision.changes


def test_a_house_that_is_not_open_has_no_rooms_to_block() -> None:
    given().when(block()).refuses(Property.Unopened)


EXISTING = named("block")
BLOCKED = (noted("g1", "g2", nights=3, block_id=EXISTING), *nights_blocked("g1", "g2", nights=3, block_id=EXISTING))


def ended(first_night: date, *nights: int) -> list[Change]:
    """List what ending the block writes when these of its nights are left."""
    return [
        Change(upkeep_stream(CODE), Upkeep.RoomsUnblocked(block_id=EXISTING, first_night=first_night)),
        *(
            Change(
                room_night_stream(CODE, room, ARRIVAL + timedelta(days=night)),
                RoomNight.Unblocked(
                    room=room, stay_date=ARRIVAL + timedelta(days=night), block_id=EXISTING, reason="ended"
                ),
            )
            for room in ("g1", "g2")
            for night in nights
        ),
    ]  # fmt: skip


def test_a_block_is_ended_before_it_begins() -> None:
    verdict = given(*OPENED, *BLOCKED).when(UnblockRooms(block_id=EXISTING))
    verdict.then(*ended(ARRIVAL, 0, 1, 2))
    verdict.answers(block_id=str(EXISTING), room_nights_freed=6)


def test_a_block_is_ended_in_the_middle_and_the_nights_that_are_over_stay_blocked() -> None:
    on_the_second_day = minutes(10 * 24 * 60)
    verdict = given(*OPENED, *BLOCKED).when(UnblockRooms(block_id=EXISTING), at=on_the_second_day)
    verdict.then(*ended(ARRIVAL + timedelta(days=1), 1, 2))


@pytest.mark.parametrize(("days", "refused"), [(11, False), (12, True)])
def test_a_block_that_is_over_cannot_be_ended(days: int, *, refused: bool) -> None:
    asked = given(*OPENED, *BLOCKED)
    verdict = asked.when(UnblockRooms(block_id=EXISTING), at=minutes(days * 24 * 60))
    if refused:
        verdict.refuses(Upkeep.Over)
    else:
        verdict.then(*ended(ARRIVAL + timedelta(days=2), 2))


def test_ending_an_unknown_block_or_one_that_was_ended_is_refused() -> None:
    given(*OPENED).when(UnblockRooms(block_id=EXISTING)).refuses(Upkeep.Unknown)
    story = given(*OPENED, *BLOCKED, *ended(ARRIVAL, 0, 1, 2))
    story.when(UnblockRooms(block_id=EXISTING)).refuses(Upkeep.Unknown)


def test_ending_an_out_of_service_note_frees_nothing() -> None:
    verdict = given(*OPENED, noted("g1", kind="out_of_service", block_id=EXISTING)).when(UnblockRooms(block_id=EXISTING))
    verdict.then(Change(upkeep_stream(CODE), Upkeep.RoomsUnblocked(block_id=EXISTING, first_night=ARRIVAL)))
    verdict.answers(room_nights_freed=0)
