"""Who makes way when guests in house stay on, when a promised room gets further nights, and for a hold of several stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.change_stay import ChangeStay
from commands.changing_rooms import RoomPinned
from commands.hold_stay import HoldStay, StayWish
from ledger.command import Change
from tests.examples import ARRIVAL, GUEST, NOW, OPENED, confirmed, held, named, stay, usd
from tests.spec import Verdict, given

R = named("r")
STAY = stay("r")
BOOKED = [*OPENED, *held("r"), *confirmed("r")]
IN_HOUSE = [*BOOKED, Change(R, Reservation.StayCheckedIn(stay_id=STAY.stay_id, room="g1", early=False, fee=usd(0)))]
PROMISED = [*BOOKED, Change(R, Reservation.StayPinned(stay_id=STAY.stay_id, reason="promised"))]
ON_ARRIVAL = NOW + timedelta(days=9)
"""At the hotel it is half past one on the day of arrival."""


def day(number: int) -> date:
    return ARRIVAL + timedelta(days=number)


def other(name: str, room: str, first: int, nights: int = 1, *, pinned: bool = False) -> list[Change]:
    booked = stay(name, room, nights, arrival=day(first))
    pin = [Change(named(name), Reservation.StayPinned(stay_id=booked.stay_id, reason="promised"))] if pinned else []
    return [*held(name, booked), *confirmed(name, booked), *pin]


def longer(nights: int = 4, **more: Any) -> ChangeStay:
    return ChangeStay(reservation_id=R, stay_id=STAY.stay_id, departure=day(nights), **more)


def moves_of(verdict: Verdict) -> list[tuple[UUID, str, str]]:
    told = [change.event for change in verdict.decision.changes]
    return [(each.stay_id, each.from_room, each.to_room) for each in told if isinstance(each, Reservation.StayMoved)]


def nights_of(verdict: Verdict, kind: type[RoomNight.HoldRequested | RoomNight.Cancelled]) -> list[tuple[str, date]]:
    told = [change.event for change in verdict.decision.changes]
    return [(each.room, each.stay_date) for each in told if isinstance(each, kind)]


# —— Guests in house stay on ——————————————————————————————————————————————————————————————————————————————————————————


def test_whoever_comes_next_moves_when_guests_in_house_stay_on() -> None:
    verdict = given(*IN_HOUSE, *other("next", "g1", 2)).when(longer(), at=ON_ARRIVAL)
    [(stay_id, left, entered)] = moves_of(verdict)
    assert (stay_id, left) == (named("next/g1"), "g1")
    assert entered in {"g2", "g3"}
    assert nights_of(verdict, RoomNight.HoldRequested) == [("g1", day(2)), ("g1", day(3))]
    assert nights_of(verdict, RoomNight.Cancelled) == [], "the guests keep the nights that they have"
    told = [change.event for change in verdict.decision.changes]
    order = [type(event) for event in told if isinstance(event, RoomNight.Reassigned | RoomNight.HoldRequested)]
    assert order == [RoomNight.Reassigned] * 2 + [RoomNight.HoldRequested] * 2, "a night is left before it is taken"


def test_a_chain_of_others_moves_and_as_few_as_can_be() -> None:
    """g2 is free from the third night on but for one, whose guest has g3 to go to."""
    story = [*IN_HOUSE, *other("next", "g1", 2, 2), *other("after", "g2", 3, 2), *other("full", "g3", 2, 1)]
    assert sorted(move[0] for move in moves_of(given(*story).when(longer(), at=ON_ARRIVAL))) == sorted(
        [named("next/g1"), named("after/g2")]
    )


def test_two_who_come_one_after_the_other_both_move() -> None:
    story = [*IN_HOUSE, *other("next", "g1", 2), *other("then", "g1", 3)]
    moved = moves_of(given(*story).when(longer(), at=ON_ARRIVAL))
    assert {move[0] for move in moved} == {named("next/g1"), named("then/g1")}


@pytest.mark.parametrize("more", [{}, {"departure": day(5)}])
def test_nothing_moves_when_the_room_is_free(more: dict[str, Any]) -> None:
    ask = ChangeStay(reservation_id=R, stay_id=STAY.stay_id, **({"departure": day(4)} | more))
    assert moves_of(given(*IN_HOUSE, *other("later", "g1", 5)).when(ask, at=ON_ARRIVAL)) == []


PINNED_NEXT = other("next", "g1", 2, pinned=True)
FULL = [*other("next", "g1", 2), *other("a", "g2", 2), *other("b", "g3", 2)]


@pytest.mark.parametrize(
    ("story", "rooms"),
    [
        (PINNED_NEXT, ["g2", "g3"]),
        ([*PINNED_NEXT, *other("a", "g2", 2)], ["g3"]),
        (FULL, []),
        ([*other("next", "g1", 2, 3), *other("a", "g2", 4, pinned=True), *other("b", "g3", 4, pinned=True)], ["g2", "g3"]),
    ],
)
def test_the_refusal_names_the_rooms_that_are_free_when_nobody_can_move(story: list[Change], rooms: list[str]) -> None:
    given(*IN_HOUSE, *story).when(longer(), at=ON_ARRIVAL).refuses(ChangeStay.RoomTaken, room="g1", rooms=rooms)


def test_who_arrives_today_is_not_moved() -> None:
    story = [*IN_HOUSE, *other("next", "g1", 2)]
    at = ON_ARRIVAL + timedelta(days=2)
    given(*story).when(longer(), at=at).refuses(ChangeStay.RoomTaken, rooms=["g2", "g3"])
    assert moves_of(given(*story).when(longer(), at=at - timedelta(days=1))), "a day before somebody moves"


def test_a_room_out_of_order_is_not_moved() -> None:
    night = RoomNight.Blocked(room="g1", stay_date=day(2), block_id=named("leak"), reason="out_of_order", movable=False)
    from_ledger = Change(next(each.stream for each in other("x", "g1", 2) if each.stream != named("x")), night)
    given(*IN_HOUSE, from_ledger).when(longer(), at=ON_ARRIVAL).refuses(ChangeStay.RoomTaken, rooms=["g2", "g3"])


# —— A promised room gets further nights ——————————————————————————————————————————————————————————————————————————————


def test_others_make_way_for_further_nights_in_a_promised_room() -> None:
    story = [*PROMISED, *other("before", "g1", -1), *other("next", "g1", 2)]
    verdict = given(*story).when(longer(3, arrival=day(-1)))
    assert {move[0] for move in moves_of(verdict)} == {named("before/g1"), named("next/g1")}
    assert nights_of(verdict, RoomNight.HoldRequested) == [("g1", day(-1)), ("g1", day(2))]


def test_of_two_promises_the_first_stands() -> None:
    given(*PROMISED, *PINNED_NEXT).when(longer()).refuses(RoomPinned)


# —— Several stays of one hold ————————————————————————————————————————————————————————————————————————————————————————


def wish(first: int, nights: int, **more: Any) -> StayWish:
    return StayWish(
        room_type="garden", rate_plan="flexible", arrival=day(first), departure=day(first + nights), **more
    )  # fmt: skip


def holding(*stays: StayWish, **more: Any) -> HoldStay:
    return HoldStay(stays=stays, guest=GUEST, **more)


CROSSED = [*other("early", "g1", 0, 2), *other("late", "g2", 2, 2)]
"""In g1 the last two of four nights are free, in g2 the first two."""


def test_others_move_for_a_hold_of_several_stays() -> None:
    verdict = given(*OPENED, *CROSSED, *other("full", "g3", 0, 3)).when(holding(wish(0, 4), wish(3, 1)))
    assert len(moves_of(verdict)) == 1
    assert {date for _, date in nights_of(verdict, RoomNight.HoldRequested)} == {day(number) for number in range(4)}


def test_stays_of_one_hold_do_not_stand_in_their_own_way() -> None:
    """One by one the two short stays would take the rooms' ends that the long one needs: nobody else has to move."""
    verdict = given(*OPENED, *other("full", "g3", 0, 4)).when(holding(wish(0, 1), wish(2, 2), wish(1, 1), wish(0, 4)))
    rooms = nights_of(verdict, RoomNight.HoldRequested)
    assert len(set(rooms)) == len(rooms) == 8
    assert moves_of(verdict) == []


def test_all_stays_are_held_or_none_when_promises_stand_in_the_way() -> None:
    pinned = [*other("early", "g1", 0, 2, pinned=True), *other("late", "g2", 2, 2, pinned=True)]
    story = [*OPENED, *pinned, *other("full", "g3", 0, 3)]
    given(*story).when(holding(wish(0, 4), wish(3, 1))).refuses(HoldStay.SoldOut, promised_rooms_in_the_way=True)


def test_a_night_without_a_room_is_sold_out_for_all_stays() -> None:
    story = [*OPENED, *CROSSED, *other("full", "g3", 0, 4)]
    given(*story).when(holding(wish(0, 4), wish(3, 1))).refuses(HoldStay.SoldOut, rooms_left=0)


def test_each_kind_of_room_makes_its_own_way() -> None:
    story = [*OPENED, *CROSSED, *other("full", "g3", 0, 4)]
    villa = StayWish(room_type="villa", rate_plan="flexible", arrival=day(0), departure=day(2))
    verdict = given(*story).when(holding(villa, wish(0, 4)))
    assert len(moves_of(verdict)) == 1
    assert ("v1", day(0)) in nights_of(verdict, RoomNight.HoldRequested)
