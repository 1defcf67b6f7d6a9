"""Two processes sell the same few rooms at the same moment. First the guard, then the proof that it is the guard."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta

from commands.hold_stay import HoldStay
from tests.examples import ARRIVAL, hold_stay, named
from tests.inspector import Inspector, Line
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

CALLERS = 8
REPEATS = 20


def stay(number: int, kind: str = "villa") -> HoldStay:
    """Ask for two nights that only callers of the same repeat want."""
    arrival = ARRIVAL + timedelta(days=2 * number)
    return hold_stay(room_type=kind, arrival=arrival, departure=arrival + timedelta(days=2))


async def race(receptions: list[Reception], asked: HoldStay) -> Counter[str]:
    """Let all callers of all receptions ask at once. Give how often which answer came."""
    asking = [reception.ask(asked) for _ in range(CALLERS) for reception in receptions]
    return Counter(outcome.code or "accepted" for outcome in await asyncio.gather(*asking))


async def sold(ledger: Ledger) -> Counter[tuple[str, date]]:
    """Count for each room and night how many stays hold it at once."""
    lines = [Line.of(row) for row in await ledger.rows() if row.topic == "room-night.hold-requested.v1"]
    return Counter((line.body["room"], date.fromisoformat(line.body["stay_date"])) for line in lines)


def test_two_writers_sell_exactly_what_there_is(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.receptions(2) as receptions:
            for number in range(REPEATS):
                assert await race(receptions, stay(number)) == {"accepted": 1, "sold_out": 2 * CALLERS - 1}
                assert await race(receptions, stay(number, "garden")) == {"accepted": 3, "sold_out": 2 * CALLERS - 3}
        assert set((await sold(ledger)).values()) == {1}
        inspector = Inspector()
        for row in await ledger.rows():
            inspector.read(Line.of(row))

    asyncio.run(run())


def test_control_without_the_unique_key_rooms_are_sold_twice(ledger: Ledger) -> None:
    ledger.damage("ALTER TABLE {schema}.events DROP CONSTRAINT events_stream_version_key")

    async def run() -> int:
        async with ledger.receptions(2) as receptions:
            for number in range(REPEATS):
                await race(receptions, stay(number))
        nights = await sold(ledger)
        return sum(times > 1 for (_, night), times in nights.items() if (night - ARRIVAL).days % 2 == 0)

    twice = asyncio.run(run())
    print(f"without the unique key {twice} of {REPEATS} races sold the villa twice")
    assert twice > 0


def test_a_command_sent_to_both_processes_at_once_happens_once(ledger: Ledger) -> None:
    """A client that gave up waiting asks another process, while the first is still at it."""

    async def run() -> None:
        async with ledger.receptions(2) as receptions:
            from_id = Counter[str]()
            for number in range(REPEATS):
                twice = named(f"race {number}")
                asking = [reception.ask(stay(number), command_id=twice) for reception in receptions for _ in range(3)]
                outcomes = await asyncio.gather(*asking)
                assert sum(not outcome.again for outcome in outcomes) <= 1
                assert len({outcome.position for outcome in outcomes}) == 1
                from_id[outcomes[0].code] += 1
        assert from_id == {"": REPEATS}
        assert set((await sold(ledger)).values()) == {1}

    asyncio.run(run())
