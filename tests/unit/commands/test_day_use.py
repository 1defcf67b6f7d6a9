"""Day use and rooms off the market: what is out of order by night is so by day, whoever comes first; a group's block is not."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.reservation import Reservation
from aggregates.room_night import BlockReason, RoomNight
from aggregates.upkeep import RoomBlock, Upkeep
from commands.block_rooms import BlockRooms
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.hold_stay import HoldStay, StayWish
from commands.move_stay import MoveStay
from commands.swap_stays import SwapStays
from ledger.command import Change, Command
from ledger.ids import made_by, room_night_stream, upkeep_stream
from ledger.stay import BookedStay
from tests.examples import ARRIVAL, CODE, GUEST, HELD_UNTIL, NOW, OPENED, held_event, hold_stay, minutes, named, stay, usd
from tests.spec import Verdict, given
from tests.unit.commands.stay_stories import ID, R, day, on_day, other, told

BLOCK = named("block")


def night(room: str, number: int = 0) -> Any:
    return room_night_stream(CODE, room, day(number))


def by_day(room: str, number: int = 0) -> Any:
    return room_night_stream(CODE, room, day(number), "day")


def closed(*rooms: str, number: int = 0, reason: BlockReason = "out_of_order") -> list[Change]:
    """Tell that rooms are off the market on a night, or a group's."""
    fields: dict[str, Any] = {"stay_date": day(number), "block_id": BLOCK, "reason": reason, "movable": reason == "group"}
    return [Change(night(room, number), RoomNight.Blocked(room=room, **fields)) for room in rooms]


def day_stay(name: str = "r", room: str = "g1", arrival: date = ARRIVAL) -> BookedStay:
    return replace(stay(name, room, nights=1, arrival=arrival), slot="day")


def held_by_day(name: str = "r", room: str = "g1", until: datetime = HELD_UNTIL) -> list[Change]:
    used = day_stay(name, room)
    fields: dict[str, Any] = {"room": room, "stay_date": ARRIVAL, "stay_id": used.stay_id, "reservation_id": named(name)}
    return [
        told(held_event(name, (used,), until), name),
        Change(by_day(room), RoomNight.HoldRequested(**fields, held_until=until, slot="day")),
    ]


def booked_by_day(name: str = "r", room: str = "g1") -> list[Change]:
    booked = RoomNight.BookingConfirmed(room=room, stay_date=ARRIVAL, stay_id=day_stay(name, room).stay_id, slot="day")
    return [*held_by_day(name, room), told(Reservation.Confirmed(guarantee="staff"), name), Change(by_day(room), booked)]


def in_house() -> Change:
    return told(Reservation.StayCheckedIn(stay_id=ID, room="g1", early=False, fee=usd(0)))


def day_use(room_type: str = "garden", **more: Any) -> HoldStay:
    return hold_stay(room_type=room_type, departure=day(1), slot="day", **more)


def rooms_of(verdict: Verdict) -> list[str]:
    changes = [change.event for change in verdict.decision.changes]
    return [event.room for event in changes if isinstance(event, RoomNight.HoldRequested)]


def relied_on(verdict: Verdict) -> set[Any]:
    """Give what a decision guards beside the house and its prices."""
    return {*verdict.decision.guards} & {night(room, number) for room in ("g1", "g2", "g3", "v1") for number in (0, 1)}


# —— Day use is asked for ——————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize("wishes", [(), ("floor-low",)])
def test_a_room_that_is_off_the_market_at_night_is_not_given_by_day(wishes: tuple[str, ...]) -> None:
    verdict = given(*OPENED, *closed("g1")).when(day_use(wishes=wishes))
    assert rooms_of(verdict) == ["g2"]
    assert relied_on(verdict) == {night("g2")}


@pytest.mark.parametrize("reason", ["out_of_order", "house_use"])
@pytest.mark.parametrize("wishes", [(), ("floor-low",), ("floor-low!",)])
def test_day_use_is_sold_out_when_every_room_is_off_the_market(reason: BlockReason, wishes: tuple[str, ...]) -> None:
    story = given(*OPENED, *closed("g1", "g2", "g3", reason=reason))
    story.when(day_use(wishes=wishes)).refuses(HoldStay.SoldOut, rooms_left=0)


@pytest.mark.parametrize("number", [-1, 1])
def test_the_nights_before_and_after_do_not_matter(number: int) -> None:
    assert rooms_of(given(*OPENED, *closed("v1", number=number)).when(day_use("villa"))) == ["v1"]


def test_a_group_or_guests_have_the_night_and_others_the_day_before_it() -> None:
    assert rooms_of(given(*OPENED, *closed("v1", reason="group")).when(day_use("villa"))) == ["v1"]
    assert rooms_of(given(*OPENED, *other("night", "g1", 1)).when(day_use())) == ["g1"]


def test_a_stay_by_night_relies_on_its_own_nights_only() -> None:
    assert relied_on(given(*OPENED).when(hold_stay())) == set()


def test_all_rooms_of_one_hold_are_guarded() -> None:
    assert relied_on(given(*OPENED, *closed("g2")).when(day_use(rooms=2))) == {night("g1"), night("g3")}
    wished: dict[str, Any] = {"rate_plan": "flexible", "arrival": ARRIVAL, "departure": day(1)}
    stays = StayWish(room_type="garden", **wished), StayWish(room_type="villa", slot="day", **wished)
    mixed = HoldStay.model_validate({"stays": stays, "guest": GUEST})
    assert relied_on(given(*OPENED).when(mixed)) == {night("v1")}


# —— A day use that is booked changes rooms or dates ————————————————————————————————————————————————————————————————————


def change(**wanted: Any) -> ChangeStay:
    return ChangeStay(reservation_id=R, stay_id=ID, **wanted)


def test_a_change_to_a_date_when_its_room_is_out_of_order_brings_another_room() -> None:
    verdict = given(*OPENED, *booked_by_day(), *closed("g1", number=1)).when(change(arrival=day(1), departure=day(2)))
    assert rooms_of(verdict) == ["g2"]
    assert relied_on(verdict) == {night("g2", 1)}


def test_a_change_that_keeps_its_room_guards_the_night() -> None:
    verdict = given(*OPENED, *booked_by_day()).when(change(arrival=day(1), departure=day(2)))
    assert rooms_of(verdict) == ["g1"]
    assert relied_on(verdict) == {night("g1", 1)}


def test_a_change_is_refused_when_no_room_of_the_type_is_on_the_market() -> None:
    story = given(*OPENED, *booked_by_day(), *closed("g1", "g2", "g3", number=1))
    story.when(change(arrival=day(1), departure=day(2))).refuses(ChangeStay.SoldOut)


INTO_G2: dict[str, tuple[Command, datetime]] = {
    "move": (MoveStay(reservation_id=R, stay_id=ID, room="g2"), NOW),
    "check in": (CheckIn(reservation_id=R, stay_id=ID, room="g2"), on_day(0)),
}


@pytest.mark.parametrize("asked", INTO_G2)
def test_day_use_does_not_go_into_a_room_that_is_out_of_order(asked: str) -> None:
    command, at = INTO_G2[asked]
    story = given(*OPENED, *booked_by_day(), *closed("g2"))
    story.when(command, at=at).refuses(RoomNight.Taken, room="g2", rooms=["g3"])


@pytest.mark.parametrize("asked", INTO_G2)
def test_the_night_of_the_room_that_day_use_goes_into_is_guarded(asked: str) -> None:
    command, at = INTO_G2[asked]
    assert relied_on(given(*OPENED, *booked_by_day()).when(command, at=at)) == {night("g2")}


def test_both_rooms_of_a_swap_by_day_are_guarded() -> None:
    other_day = {"other_reservation_id": named("o"), "other_stay_id": named("o/g2")}
    swap = SwapStays.model_validate({"reservation_id": R, "stay_id": ID, **other_day})
    verdict = given(*OPENED, *booked_by_day(), *booked_by_day("o", "g2")).when(swap)
    assert relied_on(verdict) == {night("g1"), night("g2")}


# —— A room is taken off the market ————————————————————————————————————————————————————————————————————————————————————


def out_of_order(room: str = "g1", kind: Any = "out_of_order") -> BlockRooms:
    return BlockRooms(rooms=(room,), first_night=ARRIVAL, last_night=ARRIVAL, reason=kind)


def blocked(kind: Any = "out_of_order") -> list[Change]:
    """Tell that g1 is off the market by the command of the tests."""
    block_id = made_by(named("command"), "block")
    block = RoomBlock(block_id=block_id, rooms=("g1",), first_night=ARRIVAL, last_night=ARRIVAL, kind=kind, note="")
    noted = Change(upkeep_stream(CODE), Upkeep.RoomsBlocked(block=block))
    taken = RoomNight.Blocked(room="g1", stay_date=ARRIVAL, block_id=block_id, reason="out_of_order", movable=False)
    return [noted] if kind == "out_of_service" else [noted, Change(night("g1"), taken)]


@pytest.mark.parametrize("kind", ["out_of_order", "house_use"])
@pytest.mark.parametrize("story", ["held", "booked", "in house"])
def test_who_has_the_room_by_day_is_named(kind: str, story: str) -> None:
    happened = {"held": held_by_day(), "booked": booked_by_day(), "in house": [*booked_by_day(), in_house()]}[story]
    there = {
        "stay_id": str(ID), "room": "g1", "night": ARRIVAL.isoformat(), "state": "held" if story == "held" else "booked",
        "reservation_id": str(R), "slot": "day",
    }  # fmt: skip
    given(*OPENED, *happened).when(out_of_order(kind=kind)).refuses(BlockRooms.InTheWay, stays=[there])


def test_day_use_of_another_room_or_another_day_is_not_in_the_way() -> None:
    given(*OPENED, *booked_by_day("r", "g2")).when(out_of_order()).then(*blocked())
    next_day = BlockRooms(rooms=("g1",), first_night=day(1), last_night=day(1))
    assert given(*OPENED, *booked_by_day()).when(next_day).decision.changes


def test_a_room_is_mended_once_its_guests_of_the_day_have_left() -> None:
    left = told(Reservation.StayCheckedOut(stay_id=ID, departed_on=ARRIVAL, late=False, fee=usd(0)))
    given(*OPENED, *booked_by_day(), in_house(), left).when(out_of_order(), at=on_day(0)).then(*blocked())


@pytest.mark.parametrize(("after", "refused"), [(14.9, True), (15, False)])
def test_a_hold_by_day_whose_time_is_over_is_ended(after: float, *, refused: bool) -> None:
    verdict = given(*OPENED, *held_by_day()).when(out_of_order(), at=minutes(after))
    if refused:
        verdict.refuses(BlockRooms.InTheWay)
        return
    ended = RoomNight.HoldReleased(room="g1", stay_date=ARRIVAL, stay_id=ID, reason="expired", slot="day")
    noted, *nights = blocked()
    verdict.then(noted, Change(by_day("g1"), ended), *nights)


def test_the_days_of_a_room_out_of_order_are_guarded_and_those_of_one_out_of_service_are_not() -> None:
    assert by_day("g1") in list(given(*OPENED).when(out_of_order()).decision.guards)
    verdict = given(*OPENED, *booked_by_day()).when(out_of_order(kind="out_of_service"))
    verdict.then(*blocked("out_of_service"))
    assert by_day("g1") not in list(verdict.decision.guards)
