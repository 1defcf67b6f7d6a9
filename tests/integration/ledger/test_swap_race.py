"""Two guests in house swap rooms while rivals swap them back, move one of them and book what is free: nobody is there twice.

QloApps 256 and 1127 are such a swap: both guests in one room, or one in two.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from commands.hold_stay import HoldStay
from commands.move_stay import MoveStay
from commands.swap_stays import SwapStays
from commands.walk_in import WalkIn
from ledger.command import Command
from ledger.log import Row
from tests.examples import NOW, hold_stay
from tests.inspector import Inspector, Line
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

REPEATS = 12
NIGHTS = 2
TAKES = ("room-night.hold-requested.v1", "room-night.reassigned.v1")
LEAVES = ("room-night.hold-released.v1", "room-night.cancelled.v1", "room-night.released.v1", "room-night.reassigned.v1")


def wanted(at: datetime, kind: type[HoldStay], adults: int) -> HoldStay:
    """Ask for a garden room for the two nights from the day of `at`, at the hotel."""
    arrival = (at + timedelta(hours=5, minutes=30)).date()
    asked = hold_stay(arrival=arrival, departure=arrival + timedelta(days=NIGHTS), adults=adults)
    return kind.model_validate(asked.model_dump())


async def two_in_house(reception: Reception, at: datetime) -> list[dict[str, UUID]]:
    """Let two guests walk in."""
    arrived = [await reception.ask(wanted(at, WalkIn, adults), at=at) for adults in (1, 2)]
    assert [outcome.code for outcome in arrived] == ["", ""]
    return [
        {"reservation_id": UUID(outcome.answer["reservation_id"]), "stay_id": UUID(outcome.answer["stays"][0]["stay_id"])}
        for outcome in arrived
    ]


async def race(receptions: list[Reception], at: datetime) -> Counter[str]:
    """Let everybody ask at once, through both processes. Give how often which answer came to which command."""
    one, other = await two_in_house(receptions[0], at)
    there = {f"other_{name}": value for name, value in other.items()}
    back = {f"other_{name}": value for name, value in one.items()}
    rivals: list[Command] = [
        SwapStays.model_validate(one | there), SwapStays.model_validate(other | back),
        MoveStay.model_validate(one | {"room": "g3"}), wanted(at, HoldStay, 1), SwapStays.model_validate(one | there),
    ]  # fmt: skip
    asking = [reception.ask(rival, at=at) for rival in rivals for reception in receptions]
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    asked = [rival for rival in rivals for _ in receptions]
    return Counter(f"{type(rival).__name__}: {answer_of(outcome)}" for rival, outcome in zip(asked, outcomes, strict=True))


def answer_of(outcome: Any) -> str:
    return type(outcome).__name__ if isinstance(outcome, BaseException) else outcome.code or "accepted"


def duplicates(rows: Iterable[Row]) -> set[str]:
    """Name nights on which a guest has not one room, or a room not one guest; told from the log without the product's help."""
    rooms: dict[tuple[str, str], list[str]] = {}
    for line in map(Line.of, rows):
        if not line.topic.startswith("room-night."):
            continue
        mine = rooms.setdefault((line.body["stay_id"], line.body["stay_date"]), [])
        if line.topic in TAKES and line.body.get("arrives", True):
            mine.append(line.body["room"])
        elif line.topic in LEAVES and line.body["room"] in mine:
            mine.remove(line.body["room"])
    holders = Counter((room, day) for (_, day), mine in rooms.items() for room in mine)
    twice = {f"{day}: {room} has {number} guests" for (room, day), number in holders.items() if number > 1}
    return twice | {f"{day}: a guest has {len(mine)} rooms" for (_, day), mine in rooms.items() if len(mine) > 1}


async def days_of_races(ledger: Ledger) -> Counter[str]:
    answers: Counter[str] = Counter()
    async with ledger.receptions(2) as receptions:
        for number in range(REPEATS):
            answers += await race(receptions, NOW + timedelta(days=3 * number))
    return answers


def test_a_swap_in_house_leaves_everybody_in_one_room(ledger: Ledger) -> None:
    async def run() -> None:
        answers = await days_of_races(ledger)
        rows = await ledger.rows()
        print(dict(answers))
        assert duplicates(rows) == set()
        inspector = Inspector()
        for row in rows:
            inspector.read(Line.of(row))
        assert answers["SwapStays: accepted"] >= REPEATS
        assert not [answer for answer in answers if not answer.partition(": ")[2].islower()], "nobody is left without an answer"

    asyncio.run(run())


def test_control_without_the_unique_key_somebody_is_there_twice(ledger: Ledger) -> None:
    ledger.damage("ALTER TABLE {schema}.events DROP CONSTRAINT events_stream_version_key")

    async def run() -> set[str]:
        await days_of_races(ledger)
        return duplicates(await ledger.rows())

    found = asyncio.run(run())
    days = {each.partition(":")[0] for each in found}
    print(f"without the unique key {len(days)} nights of {REPEATS * NIGHTS} have a guest in two rooms or two in one")
    assert found
