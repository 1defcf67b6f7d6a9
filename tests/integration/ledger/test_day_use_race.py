"""One process takes a room out of order while another sells it by day: not both, though neither writes what the other does.

With the proof that the guard is what each decision relied on: day use on the night, the block on the days.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta

from commands.block_rooms import BlockRooms
from commands.hold_stay import HoldStay
from ledger.command import Outcome
from ledger.log import Batch, Connection, Log
from tests.examples import ARRIVAL, hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

ROUNDS = 24


class Unguarded(Log):
    """A log that asks for nothing but the versions of what is written."""

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        batch.guards.clear()
        return await super().append(connection, batch)


def by_day(day: date) -> HoldStay:
    return hold_stay(room_type="villa", arrival=day, departure=day + timedelta(days=1), slot="day")


async def race(receptions: list[Reception], number: int) -> list[Outcome]:
    """Let both ask at once, another one first each time."""
    day = ARRIVAL + timedelta(days=number)
    asked = [by_day(day), BlockRooms(rooms=("v1",), first_night=day, last_night=day)]
    turned = asked[:: -1 if number % 2 else 1]
    return list(await asyncio.gather(*[one.ask(each) for one, each in zip(receptions, turned, strict=True)]))


async def days_of_races(ledger: Ledger, log: type[Log] = Log) -> Counter[tuple[str, ...]]:
    """Count what the two were answered."""
    answers: Counter[tuple[str, ...]] = Counter()
    async with ledger.receptions(2, log) as receptions:
        for number in range(ROUNDS):
            outcomes = await race(receptions, number)
            answers[tuple(sorted(outcome.code or "accepted" for outcome in outcomes))] += 1
    return answers


def test_a_room_is_mended_or_used_by_day_and_never_both(ledger: Ledger) -> None:
    answers = asyncio.run(days_of_races(ledger))
    print(dict(answers))
    assert answers.keys() <= {("accepted", "sold_out"), ("accepted", "upkeep.stays_in_the_way")}


def test_control_without_guards_both_have_it(ledger: Ledger) -> None:
    answers = asyncio.run(days_of_races(ledger, Unguarded))
    print(f"without guards {answers['accepted', 'accepted']} of {ROUNDS} rooms are mended while guests are in them")
    assert answers["accepted", "accepted"] > 0
