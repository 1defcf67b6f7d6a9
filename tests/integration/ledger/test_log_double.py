"""The log in memory and the one in PostgreSQL do the same with the same batches, so that tests on one speak for the other."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.command import FINGERPRINT_BYTES
from ledger.log import Batch, Conflict, Connection, Log
from tests.examples import CODE, NOW, named
from tests.integration.ledger.ledgers import Ledger
from tests.memory_log import DAWN, MemoryLog

numbers = count(1)
streams = st.sampled_from([named("a"), named("b"), named("c")])


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Give up to three commands with up to three events of three streams, often with versions that do not fit."""
    batch = Batch(guards=draw(st.dictionaries(streams, st.integers(0, 2), max_size=1)))
    for number in range(1, draw(st.integers(1, 3)) + 1):
        written = draw(st.lists(st.tuples(streams, st.integers(1, 4)), max_size=3))
        batch.events += [(stream, version, "t.t.v1", b"{}", number, index) for index, (stream, version) in enumerate(written)]
        command_id = named(f"command {draw(st.integers(0, 20))}")
        batch.commands.append((command_id, len(written), NOW, None, None, "test", None))
        batch.outcomes.append((bytes(FINGERPRINT_BYTES), len(batch.events), b'{"accepted":true}'))
    return batch


async def told(log: Log, connection: Connection, given_batches: list[Batch]) -> list[Any]:
    """Append one after the other. Give what came of each, the whole log, one reading of each kind, and the head."""
    results: list[Any] = []
    for batch in given_batches:
        try:
            results.append((await log.append(connection, batch))[0])
        except Conflict:
            results.append("conflict")
    commands = [named(f"command {number}") for number in range(21)]
    reading = await log.read(connection, 2, [named("b")], commands)
    everything = await log.tail(connection, 0, 1000)
    portion = await log.tail(connection, 1, 1000)
    results += [
        [replace(row, recorded_at=DAWN) for row in listed]
        for listed in (everything, portion, reading.rows, await log.streams(connection, [named("a"), named("c")]))
    ]
    return [*results, sorted(reading.news), reading.head, reading.outcomes, (await log.head(connection))[0]]


@settings(max_examples=settings().max_examples // 4)
@given(asked=st.lists(batches(), max_size=12))
def test_the_double_does_what_postgresql_does(database_url: str, asked: list[Batch]) -> None:
    ledger = Ledger(database_url, f"double_{os.getpid()}_{next(numbers)}")
    ledger.create()

    async def run() -> None:
        async with ledger.connection() as connection:
            assert await told(MemoryLog(CODE), connection, asked) == await told(ledger.log, connection, asked)

    try:
        asyncio.run(run())
    finally:
        ledger.drop()
