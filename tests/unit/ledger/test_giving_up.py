"""A caller who has given up was told that it is not known what became of the command; nothing is begun for it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.memory_log import MemoryPool
from tests.unit.ledger.desks import Desk, note


def test_whoever_gives_up_before_there_is_a_connection_is_not_written() -> None:
    """They were told that it is not known; nothing is written behind their back once the database has come back."""
    desk = Desk()
    lend = desk.pool.connection
    is_back = asyncio.Event()

    @asynccontextmanager
    async def late(timeout: float | None = None) -> AsyncIterator[MemoryPool]:  # noqa: ASYNC109 - as psycopg_pool names it
        await is_back.wait()
        async with lend(timeout) as connection:
            yield connection

    desk.pool.connection = late  # type: ignore[method-assign]  # the database is away

    async def run() -> Any:
        gone = asyncio.create_task(desk.writer.submit(note("gone")))
        stays = asyncio.create_task(desk.writer.submit(note("stays")))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.wait([gone])
        is_back.set()
        return await stays

    assert asyncio.run(run()).position == 1
    assert len(desk.log.rows) == 1
