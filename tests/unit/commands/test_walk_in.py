"""Walking in: booked and checked in by one command, today only, and refused like any hold."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.hold_stay import HoldStay, guest_stream
from commands.walk_in import WalkIn, WalkInToday
from ledger.command import Change, Outcome
from ledger.ids import made_by
from ledger.money import Money
from tests.examples import (
    CODE,
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
from tests.memory_log import MemoryLog
from tests.reception import OPEN, Reception, fingerprint
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


@pytest.mark.parametrize(("kind", "code"), [(WalkInToday, ""), (WalkIn, "command.id_reused")])
def test_asked_again_after_midnight_it_is_the_same_request_unless_the_arrival_was_said(kind: type[WalkIn], code: str) -> None:
    def asked(day: int) -> WalkIn:
        return kind(**hold_stay(arrival=TODAY + timedelta(days=day), departure=TODAY + timedelta(days=3)).model_dump())

    async def run() -> list[Outcome]:
        reception = Reception.in_memory(MemoryLog(CODE))
        await reception.ask(OPEN)
        return [await reception.ask(asked(day), at=NOW + timedelta(days=day), command_id=named("command")) for day in (0, 1)]

    first, second = asyncio.run(run())
    assert (first.accepted, second.code) == (True, code)
    assert second.again == (kind is WalkInToday)
    assert second.again == (second.answer == first.answer)


def test_another_departure_is_another_request_also_from_who_did_not_say_today() -> None:
    one, other = (
        WalkInToday(**hold_stay(arrival=TODAY, departure=TODAY + timedelta(days=days)).model_dump()) for days in (1, 2)
    )
    assert fingerprint(one) != fingerprint(other)


def test_a_full_house_takes_nobody() -> None:
    stays = tuple(stay("r", room, arrival=TODAY) for room in ("g1", "g2", "g3"))
    given(*OPENED, *held("r", *stays), *confirmed("r", *stays)).when(walk_in()).refuses(HoldStay.SoldOut)
