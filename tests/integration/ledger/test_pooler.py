"""The ledger behind a transaction-mode pooler: no statement of ours rests on a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ledger.log import Connection, Log
from ledger.refusal import Unavailable
from queries.streams import Streams
from tests.examples import hold_stay, named
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.pooler import pooled
from tests.integration.ledger.test_append import batch
from tests.reception import CATALOGUE, OPEN, Reception

VILLA = hold_stay(room_type="villa", adults=3)


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    """Open a pool as the product's own, but for prepared statements."""
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        url, connection_class=AsyncConnection, kwargs={"autocommit": True, "prepare_threshold": None},
        min_size=1, max_size=2, open=False, num_workers=1, check=AsyncConnectionPool.check_connection,
    )  # fmt: skip
    async with pool:
        yield pool


def test_two_writers_and_a_follower_work_as_always(ledger: Ledger) -> None:
    async def run() -> None:
        log = Log(ledger.code)
        async with pooled(ledger.url) as (url, pooler), clients(url) as pool, clients(url) as other_pool:
            receptions = [Reception(log, pool), Reception(log, other_pool)]
            await receptions[0].ask(OPEN)
            villas = await asyncio.gather(*(reception.ask(VILLA) for reception in receptions for _ in range(4)))
            gardens = await asyncio.gather(*(reception.ask(hold_stay()) for reception in receptions for _ in range(4)))
            assert sorted(outcome.accepted for outcome in villas) == [False] * 7 + [True]
            assert sorted(outcome.accepted for outcome in gardens) == [False] * 5 + [True] * 3
            seen = await Streams(log, pool, CATALOGUE).after(0, 1000)
            print(f"transactions by session: {pooler.used}")
            assert min(pooler.used.values()) > 0, "every session had its turn"
        assert [event.position for event in seen] == [row.position for row in await ledger.rows()]
        assert [event.position for event in seen] == list(range(1, len(seen) + 1))

    asyncio.run(run())


def test_the_second_try_keeps_its_lock_through_its_transaction(ledger: Ledger) -> None:
    """A rival's append is held open while ours is decided: ours waits, conflicts, takes the lock and decides again."""

    async def run() -> str:
        async with pooled(ledger.url) as (url, _), clients(url) as pool, ledger.connection(autocommit=False) as rival:
            reception = Reception(Log(ledger.code), pool)
            await reception.ask(OPEN)
            assert (await reception.ask(VILLA, command_id=named("villa"))).accepted
            await ledger.log.append(rival, batch(named("rival"), 1, command_id=named("garden")))
            waiting = asyncio.create_task(reception.ask(hold_stay(), command_id=named("garden")))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            await rival.commit()
            return (await waiting).code

    assert asyncio.run(run()) == "command.id_reused"


def test_control_what_rests_on_a_session_fails_here(ledger: Ledger) -> None:
    """Named statements of an earlier transaction are not there in the next session, so this pooler does change sessions."""

    async def run() -> None:
        client = partial(AsyncConnection.connect, autocommit=True, prepare_threshold=0)
        async with pooled(ledger.url) as (url, _), await client(url) as connection:
            with pytest.raises(psycopg.errors.InvalidSqlStatementName):
                await connection.execute("SELECT 1")

    asyncio.run(run())


def test_a_busy_ledger_is_told_in_time_also_here(ledger: Ledger) -> None:
    async def run() -> None:
        limited = psycopg.conninfo.make_conninfo(ledger.url, options="-c lock_timeout=300ms")
        async with pooled(limited) as (url, _), clients(url) as pool, ledger.connection(autocommit=False) as other:
            reception = Reception(Log(ledger.code), pool)
            await reception.ask(OPEN)
            await ledger.log.append(other, batch(named("held open"), 1))
            with pytest.raises(Unavailable, match="another writer"):
                await reception.ask(VILLA)
            await other.rollback()
            assert (await reception.ask(VILLA)).accepted

    asyncio.run(run())
