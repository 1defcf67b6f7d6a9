"""What the log says of itself on a real PostgreSQL: how far it is, how old an event is, what a batch of refusals leaves."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.examples import named
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.test_append import batch


def test_an_empty_log_is_at_zero_and_knows_the_time(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.connection() as connection:
            position, recorded_at, now = await ledger.log.stand(connection)
            assert (position, recorded_at) == (0, None)
            assert now.tzinfo is not None
            assert await ledger.log.head(connection) == (0, None)
            assert await ledger.log.age(connection, 1) == 0

    asyncio.run(run())


def test_the_head_is_the_last_event_and_what_moved_is_news(ledger: Ledger) -> None:
    async def run() -> None:
        async with ledger.connection() as connection:
            await ledger.log.append(connection, batch(named("a"), 1, 2))
            _, recorded_at = await ledger.log.append(connection, batch(named("b"), 1))
            assert await ledger.log.head(connection) == (3, recorded_at)
            reading = await ledger.log.read(connection, 1, [named("b")])
            assert (reading.head, reading.recorded_at) == (3, recorded_at)
            assert sorted(reading.news) == sorted([(named("a").int, 2), (named("b").int, 1)])
            assert [(row.position, row.recorded_at) for row in reading.rows] == [(3, recorded_at)]
            nothing = await ledger.log.read(connection, 3, [])
            assert (nothing.rows, nothing.news, nothing.head, nothing.recorded_at) == ([], [], 3, None)

    asyncio.run(run())


@pytest.mark.parametrize(("seconds_ago", "least", "most"), [(100, 100, 120), (0, 0, 20), (-100, 0, 0)])
def test_an_event_is_as_old_as_the_databases_clock_says_and_never_less_than_nothing(
    ledger: Ledger, seconds_ago: int, least: float, most: float
) -> None:
    async def run() -> float:
        async with ledger.connection() as connection:
            await ledger.log.append(connection, batch(named("a"), 1))
            _, _, now = await ledger.log.stand(connection)
            recorded_at = now - timedelta(seconds=seconds_ago)
            ledger.damage(f"UPDATE {{schema}}.events SET recorded_at = '{recorded_at.isoformat()}'")  # noqa: S608 - a test's own words
            return await ledger.log.age(connection, 1)

    assert least <= asyncio.run(run()) <= most
