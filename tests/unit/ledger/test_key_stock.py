"""The stock of guests' keys: durable before they are handed out, one commit for many, none twice."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ledger import key_stock
from ledger.key_stock import LARGEST_STOCK, QUIET_SECONDS, KeyStock
from ledger.keys import GuestKey, GuestKeys, MasterKey
from ledger.refusal import Unavailable


class CountedKeys(GuestKeys):
    """A keys store that counts its commits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, MasterKey(bytes(32)))
        self.commits: list[int] = []

    def keep(self, keys: Sequence[GuestKey]) -> None:
        super().keep(keys)
        self.commits.append(len(keys))


async def taken(stock: KeyStock, count: int) -> list[GuestKey]:
    return [await stock.take() for _ in range(count)]


def test_every_key_is_new_and_durable_when_it_is_handed_out(tmp_path: Path) -> None:
    keys = CountedKeys(tmp_path / "keys.sqlite")

    async def run() -> None:
        stock = KeyStock(keys)
        for key in await taken(stock, 20):
            assert GuestKeys(keys.path, MasterKey(bytes(32))).find(key.key_id) == key
        both = await asyncio.gather(taken(stock, 50), taken(stock, 50))
        assert len({key.key_id for some in both for key in some}) == 100

    asyncio.run(run())


def test_one_booking_makes_few_keys_and_many_share_a_commit(tmp_path: Path) -> None:
    keys = CountedKeys(tmp_path / "keys.sqlite")

    async def run() -> None:
        stock = KeyStock(keys)
        await taken(stock, 1)
        assert sum(keys.commits) <= 2
        await taken(stock, 4 * LARGEST_STOCK)

    asyncio.run(run())
    assert max(keys.commits) == LARGEST_STOCK
    assert len(keys.commits) < 20


def test_keys_of_one_commit_stand_side_by_side_in_the_store(tmp_path: Path) -> None:
    keys = CountedKeys(tmp_path / "keys.sqlite")
    made = asyncio.run(taken(KeyStock(keys), 100))
    assert len({key.key_id.int >> 64 for key in made}) <= len(keys.commits)
    assert {key.key_id.version for key in made} == {4}, "still random ids, as everywhere"
    assert len({key.key_id.int & (1 << 64) - 1 for key in made}) == 100


def test_a_store_that_cannot_be_written_is_said_so_and_tried_again(tmp_path: Path) -> None:
    class Full(CountedKeys):
        is_full = True

        def keep(self, keys: Sequence[GuestKey]) -> None:
            if self.is_full:
                message = "database or disk is full"
                raise sqlite3.OperationalError(message)
            super().keep(keys)

    keys = Full(tmp_path / "keys.sqlite")

    async def run() -> GuestKey:
        stock = KeyStock(keys)
        with pytest.raises(Unavailable, match=r"disk is full.*look at the disk of the keys store"):
            await stock.take()
        keys.is_full = False
        return await stock.take()

    assert keys.find(asyncio.run(run()).key_id)


def test_the_stock_doubles_whenever_half_of_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_stock, "time", SimpleNamespace(monotonic=lambda: 1_000.0))
    keys = CountedKeys(tmp_path / "keys.sqlite")

    async def run() -> list[int]:
        stock = KeyStock(keys)
        commits = []
        for _ in range(12):
            await stock.take()
            assert stock._filling is not None
            await stock._filling
            commits.append(len(keys.commits))
        return commits

    assert asyncio.run(run()) == [1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5]
    assert keys.commits == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(("pause", "made"), [(0.0, 2), (QUIET_SECONDS - 0.1, 2), (QUIET_SECONDS, 1), (10**6, 1)])
def test_after_a_quiet_time_it_begins_small_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause: float, made: int
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(key_stock, "time", SimpleNamespace(monotonic=lambda: now[0]))
    keys = CountedKeys(tmp_path / "keys.sqlite")

    async def run() -> None:
        stock = KeyStock(keys)
        await stock.take()
        now[0] += pause
        await stock.take()

    asyncio.run(run())
    assert keys.commits == [1, made]


def test_a_failure_that_nobody_waits_for_is_no_noise(tmp_path: Path) -> None:
    class Filling(CountedKeys):
        def keep(self, keys: Sequence[GuestKey]) -> None:
            if len(self.commits) == 2:
                message = "database or disk is full"
                raise sqlite3.OperationalError(message)
            super().keep(keys)

    noise: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
        stock = KeyStock(Filling(tmp_path / "keys.sqlite"))
        await taken(stock, 3)  # the third is there, and the next ones cannot be made
        assert stock._filling is not None
        await asyncio.wait([stock._filling])
        stock._filling = None
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(run())
    assert noise == []
