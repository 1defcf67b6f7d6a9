"""Walking in: booked and checked in by one command, today only, and refused like any hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.hold_stay import HoldStay, guest_stream
from commands.walk_in import WalkIn
from ledger.command import Change
from ledger.ids import made_by
from ledger.money import Money
from tests.examples import (
    HELD_UNTIL,
    NOW,
    OPENED,
    confirmed,
    each_night,
    held,
    held_event,
    hold_stay,
    named,
    nights_booked,
    stay,
)
from tests.spec import given

MINE = guest_stream(named("command"))
TODAY = NOW.date()
STAY = replace(stay("mine", "g1", arrival=TODAY), stay_id=made_by(named("command"), "stay/1"))


def walk_in(**changes: object) -> WalkIn:
    return WalkIn(**hold_stay(arrival=TODAY, departure=TODAY + timedelta(days=2), **changes).model_dump())


def test_who_walks_in_is_in_house_at_once() -> None:
    code = given(*OPENED).when(walk_in()).decision.answer["confirmation_code"]
    held_now = replace(held_event("mine", (STAY,)), confirmation_code=str(code))
    nothing = Money(0, "USD")
    nights = [
        Change(stream, RoomNight.HoldRequested(**night, reservation_id=MINE, held_until=HELD_UNTIL))
        for stream, night in each_night((STAY,))
    ]
    given(*OPENED).when(walk_in()).then(
        Change(MINE, held_now),
        *nights,
        Change(MINE, Reservation.Confirmed(guarantee="walk_in")),
        *nights_booked((STAY,)),
        Change(MINE, Reservation.StayCheckedIn(stay_id=STAY.stay_id, room="g1", early=False, fee=nothing)),
    ).answers(state="in_house")


@pytest.mark.parametrize("days", [1, 2, 30])
def test_nobody_walks_in_on_another_day(days: int) -> None:
    arrival = TODAY + timedelta(days=days)
    command = WalkIn(**hold_stay(arrival=arrival, departure=arrival + timedelta(days=1)).model_dump())
    given(*OPENED).when(command).refuses(WalkIn.NotToday)


def test_a_full_house_takes_nobody() -> None:
    stays = tuple(stay("r", room, arrival=TODAY) for room in ("g1", "g2", "g3"))
    given(*OPENED, *held("r", *stays), *confirmed("r", *stays)).when(walk_in()).refuses(HoldStay.SoldOut)
