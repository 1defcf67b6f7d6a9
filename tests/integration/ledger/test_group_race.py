"""A group of thirty rooms against fifty rival bookers: all of it in one commit, or nothing. The guard, then the control."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from aggregates.property import Room
from commands.define_property import DefineProperty
from commands.group_block import BlockWish
from commands.hold_stay import GuestDetails, HoldStay
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.rooming_list import RoomingRow
from ledger.command import Command, Outcome
from ledger.log import Row
from tests.examples import HOTEL, TARIFF, hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

ROOMS, GROUP_ROOMS, RIVALS, NIGHTS = 36, 30, 50, 2
REPEATS = 20
FIRST = date(2126, 3, 10)
MORE = tuple(Room(code=f"g{number}", room_type="garden", floor=1) for number in range(4, ROOMS + 1))
HOUSE = replace(HOTEL, rooms=(*HOTEL.rooms, *MORE))
TAKES = {"room-night.hold-requested.v1", "room-night.blocked.v1"}
GIVES_BACK = {"room-night.hold-released.v1", "room-night.cancelled.v1", "room-night.unblocked.v1"}


def arrival_of(repeat: int) -> date:
    """Give each repeat nights that no other one wants."""
    return FIRST + timedelta(days=NIGHTS * repeat)


def a_block(repeat: int) -> OpenGroup:
    arrival = arrival_of(repeat)
    wish = BlockWish(room_type="garden", arrival=arrival, departure=arrival + timedelta(days=NIGHTS), rooms=GROUP_ROOMS)
    return OpenGroup(name="Tea growers", rate_plan="flexible", cutoff=arrival, blocks=(wish,))


def a_list(repeat: int, group_id: UUID) -> PickUp:
    arrival = arrival_of(repeat)
    rows = tuple(
        RoomingRow(
            room_type="garden", arrival=arrival, departure=arrival + timedelta(days=NIGHTS), line=number,
            guest=GuestDetails(name=f"Guest {number}", email="office@example.com"),
        )
        for number in range(1, GROUP_ROOMS + 1)
    )  # fmt: skip
    return PickUp(group_id=group_id, rows=rows)


def a_rival(repeat: int, number: int) -> HoldStay:
    """Want one night or both, so that a rival in the way of one night is in the way of the group."""
    arrival = arrival_of(repeat) + timedelta(days=number % NIGHTS)
    return hold_stay(arrival=arrival, departure=arrival_of(repeat) + timedelta(days=NIGHTS))


async def open_house(receptions: list[Reception]) -> UUID:
    """Give the hotel its thirty-six rooms, and open an elastic group without a block."""
    defined = DefineProperty(definition=msgspec.to_builtins(HOUSE), tariff=msgspec.to_builtins(TARIFF))
    (await receptions[0].ask(defined)).or_raise()
    elastic = OpenGroup(name="Elastic", rate_plan="flexible", cutoff=date(2126, 12, 1), elastic=True)
    return UUID((await receptions[0].ask(elastic)).or_raise().answer["group_id"])


async def race(receptions: list[Reception], repeat: int, group: Command) -> tuple[Outcome, Counter[str]]:
    """Let rivals and the group ask at once, the group at another place in the crowd each time."""
    place = repeat * RIVALS // REPEATS // 2
    asking = [receptions[number % 2].ask(a_rival(repeat, number)) for number in range(RIVALS)]
    asking.insert(place, receptions[repeat % 2].ask(group))
    outcomes = await asyncio.gather(*asking)
    return outcomes[place], Counter(each.code or "accepted" for number, each in enumerate(outcomes) if number != place)


def holders(rows: list[Row]) -> tuple[Counter[date], int]:
    """Count who has a room-night in the end, by date, and how often somebody took one that somebody had."""
    taken: dict[UUID, date] = {}
    twice = 0
    for row in rows:
        if row.topic in TAKES:
            twice += row.stream in taken
            taken[row.stream] = date.fromisoformat(msgspec.json.decode(row.payload)["stay_date"])
        elif row.topic in GIVES_BACK:
            taken.pop(row.stream, None)
    return Counter(taken.values()), twice


async def check(ledger: Ledger, repeat: int, outcome: Outcome, rivals: Counter[str]) -> None:
    """The group has all of its nights or none; the rivals have what is left, and nobody was told anything else."""
    assert set(rivals) <= {"accepted", "sold_out"}
    taken, twice = holders(await ledger.rows())
    assert twice == 0
    nights = [arrival_of(repeat) + timedelta(days=day) for day in range(NIGHTS)]
    group_has = GROUP_ROOMS if outcome.accepted else 0
    both_nights = taken[nights[0]] - group_has
    assert taken[nights[-1]] - group_has == rivals["accepted"] <= ROOMS - group_has
    assert 0 <= both_nights <= rivals["accepted"]


def test_a_block_of_thirty_is_taken_whole_or_not_at_all(ledger: Ledger) -> None:
    async def run() -> Counter[str]:
        came: Counter[str] = Counter()
        async with ledger.receptions(2) as receptions:
            await open_house(receptions)
            for repeat in range(REPEATS):
                outcome, rivals = await race(receptions, repeat, a_block(repeat))
                await check(ledger, repeat, outcome, rivals)
                came[outcome.code or "accepted"] += 1
        blocked = sum(row.topic == "room-night.blocked.v1" for row in await ledger.rows())
        assert blocked == came["accepted"] * GROUP_ROOMS * NIGHTS
        return came

    came = asyncio.run(run())
    print(f"a block of {GROUP_ROOMS} under {RIVALS} rivals: {dict(came)}")
    assert came["accepted"] > 0
    assert set(came) <= {"accepted", "group.sold_out"}


def test_thirty_guests_are_held_and_confirmed_in_one_commit_or_none_is(ledger: Ledger) -> None:
    async def run() -> Counter[str]:
        came: Counter[str] = Counter()
        async with ledger.receptions(2) as receptions:
            group_id = await open_house(receptions)
            for repeat in range(REPEATS):
                outcome, rivals = await race(receptions, repeat, a_list(repeat, group_id))
                await check(ledger, repeat, outcome, rivals)
                came[outcome.code or "accepted"] += 1
        rows = await ledger.rows()
        booked = [row for row in rows if row.topic == "reservation.confirmed.v1"]
        assert len(booked) == came["accepted"] * GROUP_ROOMS
        assert set(Counter(row.command_id for row in booked).values()) <= {GROUP_ROOMS}
        return came

    came = asyncio.run(run())
    print(f"a list of {GROUP_ROOMS} under {RIVALS} rivals: {dict(came)}")
    assert came["accepted"] > 0
    assert set(came) <= {"accepted", "rooming_list.wrong"}


def test_control_without_the_unique_key_a_group_and_a_rival_have_the_same_room(ledger: Ledger) -> None:
    ledger.damage("ALTER TABLE {schema}.events DROP CONSTRAINT events_stream_version_key")

    async def run() -> int:
        async with ledger.receptions(2) as receptions:
            await open_house(receptions)
            for repeat in range(REPEATS):
                await race(receptions, repeat, a_block(repeat))
        return holders(await ledger.rows())[1]

    twice = asyncio.run(run())
    print(f"without the unique key {twice} room-nights had two holders")
    assert twice > 0
