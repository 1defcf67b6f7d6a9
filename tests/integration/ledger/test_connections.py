"""How connections to PostgreSQL are lent: seen to live after a rest, and not asked again while they are in use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from ledger.log import Connection
from ops import connections
from ops.connections import connect_postgres

Pool = AsyncConnectionPool[Connection]


def lent(database_url: str, work: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connect_postgres(database_url, 1, prepares=True) as pool:
            await work(pool)

    asyncio.run(run())


async def backend(pool: Pool) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
    assert row is not None
    return int(row[0])


async def end(database_url: str, pid: int) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_connection_that_died_while_it_rested_is_never_lent(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "RESTED_SECONDS", 0.0)

    async def work(pool: Pool) -> None:
        first = await backend(pool)
        await end(database_url, first)
        assert await backend(pool) != first

    lent(database_url, work)


def test_one_that_died_at_work_fails_once_and_is_replaced(database_url: str) -> None:
    async def work(pool: Pool) -> None:
        first = await backend(pool)
        await end(database_url, first)
        with pytest.raises(psycopg.OperationalError):
            await backend(pool)
        assert await backend(pool) != first

    lent(database_url, work)


def test_one_in_use_is_not_asked_each_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Connection] = []

    async def check(connection: Connection) -> None:
        asked.append(connection)

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", check)

    async def work(pool: Pool) -> None:
        for _ in range(5):
            await backend(pool)

    lent(database_url, work)
    assert len(asked) == 1
