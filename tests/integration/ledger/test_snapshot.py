"""Somebody else's snapshot, held open under load, does not slow appends down; a head row that is updated would.

Two ledgers in two databases are measured in turns of a second, so that the machine's noise meets both; a snapshot holds back
the clean-up of its own database only. SNAPSHOT_SECONDS=600 runs it as long as the claim says (the nightly profile does).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

import pytest
from psycopg import AsyncConnection, IsolationLevel

from ledger.log import Connection
from tests.conftest import PROFILE
from tests.examples import named
from tests.integration.ledger.databases import database
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.substitutes import number_by_a_head_row
from tests.integration.ledger.test_append import batch

SECONDS = float(os.environ.get("SNAPSHOT_SECONDS", "600" if PROFILE == "nightly" else "6"))
LONG = SECONDS >= 600
LEAST_RATIO = 0.9 if LONG else 0.7
TURN_SECONDS = 1.0 if LONG else 0.25
WRITERS = 4
AGEING = (
    """
    DO 'DECLARE here tid;
        BEGIN
            SELECT ctid INTO here FROM {schema}.ledger;
            FOR each IN 1..200000 LOOP
                UPDATE {schema}.ledger SET epoch = epoch + 1 WHERE ctid = here RETURNING ctid INTO here;
            END LOOP;
        END'
    """,
    "VACUUM {schema}.ledger",
)
"""Two minutes of the control's updates of a head row, and the clean-up that only the other database can do."""

pytestmark = pytest.mark.timeout(120 + 3 * SECONDS)


@pytest.fixture
def ledgers(database_url: str) -> Iterator[tuple[Ledger, Ledger]]:
    """Give two ledgers, each in a database of its own."""
    with database(database_url, "snapshot_held") as held, database(database_url, "snapshot_free") as free:
        made = Ledger(held, "held_open"), Ledger(free, "held_open")
        for each in made:
            each.create()
        yield made


@asynccontextmanager
async def snapshot(ledger: Ledger) -> AsyncIterator[None]:
    """Hold a snapshot of the ledger's database open, and do nothing with it."""
    settings = "-c idle_in_transaction_session_timeout=0"
    async with await AsyncConnection.connect(ledger.url, options=settings) as reader:
        await reader.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await reader.execute("SELECT 1")
        yield


async def client(ledger: Ledger) -> Connection:
    """Connect without a lock timeout: a disk that stalls for a moment is not what is measured."""
    return await AsyncConnection.connect(ledger.url, autocommit=True)


class Load:
    """Writers that append to one ledger as fast as they can, a turn at a time."""

    def __init__(self, ledger: Ledger, connections: list[Connection]) -> None:
        self._ledger = ledger
        self._connections = connections
        self._numbers = count(1)
        self.appends = 0
        self.seconds = 0.0

    async def turn(self) -> None:
        began = time.monotonic()
        await asyncio.gather(*(self._write(connection, began + TURN_SECONDS) for connection in self._connections))
        self.seconds += time.monotonic() - began

    async def _write(self, connection: Connection, until: float) -> None:
        while time.monotonic() < until:
            await self._ledger.log.append(connection, batch(named(f"stay {next(self._numbers)}"), 1, 2, 3, 4))
            self.appends += 1

    @property
    def rate(self) -> float:
        """Appends a second."""
        return self.appends / self.seconds


async def ratio(held: Ledger, free: Ledger, before: Sequence[str] = ()) -> float:
    """Give the rate of appends under somebody's snapshot, as a part of the rate without one.

    `before` is run on both ledgers first, under the snapshot.
    """
    async with snapshot(held), AsyncExitStack() as open_now:
        for each in (held, free):
            for statement in before:
                await asyncio.to_thread(each.damage, statement)
        loads = [
            Load(each, [await open_now.enter_async_context(await client(each)) for _ in range(WRITERS)])
            for each in (held, free)
        ]
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            for load in loads:
                await load.turn()
    found = loads[0].rate / loads[1].rate
    print(f"{loads[0].rate:.0f} appends/s under a snapshot, {loads[1].rate:.0f} without: {found:.2f} after {SECONDS:.0f} s")
    return found


def test_somebodys_snapshot_does_not_slow_appends_down(ledgers: tuple[Ledger, Ledger]) -> None:
    assert asyncio.run(ratio(*ledgers)) >= LEAST_RATIO


def test_control_with_a_head_row_it_does(ledgers: tuple[Ledger, Ledger]) -> None:
    """A short run leaves too few old versions of the row behind, so those of two minutes are made first."""
    for each in ledgers:
        number_by_a_head_row(each)
    assert asyncio.run(ratio(*ledgers, before=AGEING)) < LEAST_RATIO
