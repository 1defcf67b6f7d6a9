"""Order, seen by real followers and a real writer while another client's append is held open; and what a sequence would do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ledger.log import Connection, Log, whole_commands
from ledger.refusal import Unavailable
from ops.migrate import ROLE_SETTINGS
from queries.streams import Streams
from tests.examples import hold_stay, named
from tests.integration.ledger.databases import database
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.substitutes import number_by_a_sequence, set_clock, tell_the_time_by_a_table
from tests.integration.ledger.test_append import batch
from tests.reception import CATALOGUE, OPEN, Reception

VILLA = hold_stay(room_type="villa", adults=3)
ROUNDS = 10
TURN_SECONDS = 2.0


@pytest.fixture
def installed(database_url: str) -> Iterator[Ledger]:
    """Give a ledger in a database of its own, where the role's settings are those that `migrate` makes."""
    with database(database_url, "order_in_time", **ROLE_SETTINGS) as url:
        made = Ledger(url, "order_in_time")
        made.create()
        yield made


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    """Open a pool as a process of the product has it: no settings but those of the role."""
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        url, connection_class=AsyncConnection, kwargs={"autocommit": True}, min_size=1, max_size=4, open=False, num_workers=1
    )
    async with pool:
        yield pool


class Follower:
    """Reads on from where it stands, with a limit, and remembers what it was given."""

    def __init__(self, streams: Streams, limit: int) -> None:
        self._streams = streams
        self._limit = limit
        self.seen: list[int] = []
        self.at = 0

    async def looks(self) -> list[int]:
        """Read to the end; give the positions of all that it was ever given."""
        while events := await self._streams.after(self.at, self._limit):
            assert events[0].command_index == 0
            assert events[-1].command_index + 1 == events[-1].command_count, "half a command was shown"
            self.seen += [event.position for event in events]
            self.at = events[-1].position
        return self.seen


def test_with_an_append_held_open_others_are_told_in_time_and_followers_miss_nothing(installed: Ledger) -> None:
    async def run() -> tuple[list[int], list[list[int]]]:
        log = Log(installed.code)
        async with clients(installed.url) as pool, await AsyncConnection.connect(installed.url) as other:
            reception = Reception(log, pool)
            followers = [Follower(Streams(log, pool, CATALOGUE), limit) for limit in (1, 2, 3, 1000)]
            await reception.ask(OPEN)
            before = [list(await follower.looks()) for follower in followers]
            await log.append(other, batch(named("held open"), 1, 2, 3))

            began = time.monotonic()
            asked = [asyncio.create_task(reception.ask(VILLA, command_id=named(f"guest {number}"))) for number in range(8)]
            while not all(task.done() for task in asked):
                assert [await follower.looks() for follower in followers] == before, "something was shown beyond it"
                await asyncio.sleep(0.1)
            waited = time.monotonic() - began
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(answer) for answer in answers] == [Unavailable] * 8
            print(f"eight callers were told after {waited:.2f} s")
            assert TURN_SECONDS * 0.9 < waited < 2 * TURN_SECONDS + 1

            await other.commit()
            again = await asyncio.gather(*(reception.ask(VILLA, command_id=named(f"guest {number}")) for number in range(8)))
            assert sorted(outcome.accepted for outcome in again) == [False] * 7 + [True], "the same ids, asked again"
            return [row.position for row in await installed.rows()], [await follower.looks() for follower in followers]

    written, seen = asyncio.run(run())
    assert written == list(range(1, len(written) + 1)), "a hole"
    assert seen == [written] * 4


async def lost_to_a_follower(ledger: Ledger, number: int) -> int:
    """Let a second client append while the first one's is held open, and a follower read; count what it never sees."""
    async with (
        clients(ledger.url) as pool,
        ledger.connection(autocommit=False) as slow,
        ledger.connection() as quick,
    ):
        follower = Follower(Streams(ledger.log, pool, CATALOGUE), 100)
        await follower.looks()
        await ledger.log.append(slow, batch(named(f"slow {number}"), 1, 2))
        hurrying = asyncio.create_task(_append(ledger, quick, f"quick {number}"))
        await asyncio.sleep(0.05)
        await follower.looks()
        await slow.commit()
        await hurrying
        seen = await follower.looks()
    return len({row.position for row in await ledger.rows()} - set(seen))


async def _append(ledger: Ledger, connection: Connection, name: str) -> None:
    await ledger.log.append(connection, batch(named(name), 1, 2, 3))


async def _rounds(ledger: Ledger) -> list[int]:
    return [await lost_to_a_follower(ledger, number) for number in range(ROUNDS)]


def test_a_follower_loses_nothing_to_a_slow_append(ledger: Ledger) -> None:
    assert asyncio.run(_rounds(ledger)) == [0] * ROUNDS


def test_control_with_positions_from_a_sequence_it_does(ledger: Ledger) -> None:
    number_by_a_sequence(ledger)
    lost = asyncio.run(_rounds(ledger))
    print(f"with a sequence {sum(map(bool, lost))} of {ROUNDS} rounds lost events, {sum(lost)} in all")
    assert sum(lost) > 0


@pytest.mark.parametrize("limit", range(1, 9))
def test_no_limit_and_no_end_shows_half_a_command(ledger: Ledger, limit: int) -> None:
    """Commands of 1, 2, 3, 5 and 8 events, read on in portions of every size and cut off at every position."""

    async def run() -> list[tuple[int, int, int]]:
        async with ledger.connection() as connection:
            for size in (1, 3, 2, 8, 5, 1):
                await ledger.log.append(connection, batch(named(f"{size} at {await _head(ledger)}"), *range(1, size + 1)))
        async with clients(ledger.url) as pool:
            assert await Follower(Streams(ledger.log, pool, CATALOGUE), limit).looks() == list(range(1, 21))
        rows = await ledger.rows()
        for until in range(21):
            shown = whole_commands(rows[:until])
            assert len(shown) == max(end for end in (0, 1, 4, 6, 14, 19, 20) if end <= until)
        return [(row.position, row.command_index, row.command_count) for row in rows]

    assert asyncio.run(run())[-2:] == [(19, 4, 5), (20, 0, 1)]


async def _head(ledger: Ledger) -> int:
    async with ledger.connection() as connection:
        return (await ledger.log.head(connection))[0]


def test_recorded_at_stands_still_while_a_clock_is_set_back(ledger: Ledger) -> None:
    tell_the_time_by_a_table(ledger)
    ten = datetime(2026, 3, 1, 10, tzinfo=UTC)
    clock = [ten, ten - timedelta(hours=1), ten - timedelta(days=400), ten + timedelta(minutes=30)]

    async def run() -> list[datetime]:
        async with ledger.connection() as connection:
            for number, moment in enumerate(clock):
                set_clock(ledger, moment)
                await ledger.log.append(connection, batch(named(f"at {number}"), 1))
        return [row.recorded_at for row in await ledger.rows()]

    assert asyncio.run(run()) == [ten, ten, ten, ten + timedelta(minutes=30)]


@pytest.mark.parametrize("substitute", [number_by_a_sequence, tell_the_time_by_a_table])
def test_a_substitute_that_changes_nothing_would_be_seen(ledger: Ledger, substitute: Callable[[Ledger], Any]) -> None:
    substitute(ledger)
    with pytest.raises(AssertionError, match="any more"):
        substitute(ledger)
