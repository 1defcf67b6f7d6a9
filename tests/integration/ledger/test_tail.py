"""Followers see every event once, in order, in whole commands, also while another transaction is open."""

from __future__ import annotations

import asyncio

import pytest

from ledger.ids import room_night_stream
from ledger.log import Row
from ledger.refusal import Unavailable
from tests.examples import ARRIVAL, CODE, held, hold_stay, named, stay
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.test_append import batch
from tests.reception import CATALOGUE, Reception

VILLA = hold_stay(room_type="villa", adults=3)


async def follow(ledger: Ledger, limit: int, after: int = 0) -> list[list[Row]]:
    """Read to the end in portions of about `limit`."""
    portions: list[list[Row]] = []
    async with ledger.connection() as connection:
        while rows := await ledger.log.tail(connection, after, limit):
            portions.append(rows)
            after = rows[-1].position
    return portions


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 7, 100])
def test_whatever_the_limit_commands_come_whole_once_and_in_order(ledger: Ledger, limit: int) -> None:
    async def run() -> list[list[Row]]:
        async with ledger.receptions(1) as (reception,):
            for rooms in (1, 2, 1):
                await reception.ask(hold_stay(rooms=rooms) if rooms == 2 else VILLA)
        async with ledger.connection() as connection:
            await ledger.log.append(connection, batch(named("long"), *range(1, 12)))
        return await follow(ledger, limit)

    portions = asyncio.run(run())
    assert [row.position for rows in portions for row in rows] == list(range(1, sum(map(len, portions)) + 1))
    for rows in portions:
        assert rows[0].command_index == 0
        assert rows[-1].command_index + 1 == rows[-1].command_count


def test_an_open_transaction_hides_everything_behind_it_and_nothing_is_missed(ledger: Ledger) -> None:
    """Another client's append is held open: others get Unavailable in time, followers wait, and then all is in order."""

    async def run() -> None:
        async with ledger.receptions(1) as (reception,), ledger.connection(autocommit=False) as other:
            before = await follow(ledger, 100)
            await ledger.log.append(other, batch(named("held open"), 1, 2))
            with pytest.raises(Unavailable, match="another writer"):
                await reception.ask(VILLA)
            assert await follow(ledger, 100) == before
            await other.commit()
            assert (await reception.ask(VILLA)).accepted
        after = await follow(ledger, 100, after=before[-1][-1].position)
        assert [row.stream for row in after[0]][:2] == [named("held open")] * 2
        assert [row.position for row in after[0]] == [3, 4, 5, 6, 7]

    asyncio.run(run())


def test_an_append_that_is_rolled_back_leaves_no_hole(ledger: Ledger) -> None:
    async def run() -> list[int]:
        async with ledger.receptions(1) as (reception,), ledger.connection(autocommit=False) as other:
            await ledger.log.append(other, batch(named("rolled back"), 1, 2))
            waiting = asyncio.create_task(reception.ask(VILLA))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            await other.rollback()
            assert (await waiting).accepted
        return [row.position for row in await ledger.rows()]

    assert asyncio.run(run()) == [1, 2, 3, 4, 5]


def test_followers_of_a_busy_ledger_miss_nothing(ledger: Ledger) -> None:
    """A follower reads all the time while two processes write."""

    async def books(reception: Reception, done: asyncio.Event) -> None:
        for number in range(30):
            await reception.ask(hold_stay(), command_id=named(f"{id(reception)} {number}"))
        done.set()

    async def run() -> tuple[list[int], list[int]]:
        seen: list[int] = []
        finished = [asyncio.Event(), asyncio.Event()]
        async with ledger.receptions(2) as receptions, ledger.connection() as connection:
            writing = [asyncio.create_task(books(*pair)) for pair in zip(receptions, finished, strict=True)]
            while not all(event.is_set() for event in finished):
                seen += [row.position for row in await ledger.log.tail(connection, len(seen), 5)]
                await asyncio.sleep(0)
            await asyncio.gather(*writing)
        rest = await follow(ledger, 5, after=len(seen))
        return seen + [row.position for rows in rest for row in rows], [row.position for row in await ledger.rows()]

    seen, written = asyncio.run(run())
    assert seen == written == list(range(1, len(written) + 1))


def test_a_rival_in_an_open_transaction_wins_and_the_loser_is_told(ledger: Ledger) -> None:
    """The villa's night is being written by somebody else while ours is decided; ours waits, conflicts and decides again."""

    async def run() -> str:
        async with ledger.receptions(1) as (reception,), ledger.connection(autocommit=False) as other:
            await reception.ask(hold_stay())
            rival = batch(room_night_stream(CODE, "v1", ARRIVAL), 1)
            rival.events = [(rival.events[0][0], 1, "room-night.hold-requested.v1", _held_by_the_rival(), 1, 0)]
            await ledger.log.append(other, rival)
            waiting = asyncio.create_task(reception.ask(VILLA))
            await asyncio.sleep(0.1)
            await other.commit()
            return (await waiting).code

    assert asyncio.run(run()) == "sold_out"


def _held_by_the_rival() -> bytes:
    return CATALOGUE.encode(held("rival", stay("rival", "v1"))[1].event)
