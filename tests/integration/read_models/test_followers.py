"""Several followers of the same read models: one moves each model, the others stand by and take over when it dies."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from ops.catalogue import CATALOGUE
from ops.read_models import NAMES
from ops.wiring import Wiring
from queries.pages import Pages
from tests.installation import wait_until
from tests.integration.read_models.houses import House

SECONDS = 20


class Process:
    """One `nightledger follow`, and what it counts."""

    def __init__(self, house: House, folder: Path) -> None:
        folder.mkdir()
        self._house = house
        self._folder = folder
        environment = {
            **os.environ, "DATABASE_URL": house.database_url, "REDIS_URL": house.redis_url,
            "DATA_DIR": str(house.data_dir), "PROMETHEUS_MULTIPROC_DIR": str(folder),
        }  # fmt: skip
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "ops.cli", "follow"], env=environment, stderr=log)

    def counted(self, metric: str) -> Counter[str]:
        """Give a metric of this house by read model."""
        registry = CollectorRegistry()
        found = MultiProcessCollector(registry, path=str(self._folder)).collect()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return Counter({
            sample.labels["model"]: int(sample.value)
            for each in found
            for sample in each.samples
            if sample.name == metric and sample.labels["property"] == self._house.code
        })  # fmt: skip

    def moved(self) -> Counter[str]:
        return self.counted("nightledger_followed_events_total")

    def is_at_work(self) -> bool:
        """Tell whether it has looked at every read model. The file of its figures is empty for a moment when it is new."""
        with suppress(struct.error):
            return self.counted("nightledger_follower_stopped").keys() == set(NAMES)
        return False

    def said(self) -> str:
        return (self._folder / "log").read_text()


@pytest.fixture
def follow(house: House, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    started: list[Process] = []

    def start() -> Process:
        started.append(Process(house, tmp_path / f"follow-{len(started)}"))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    began = time.monotonic()
    yield lambda: time.monotonic() - began


async def positions(house: House, wiring: Wiring) -> set[int]:
    return {await model.position() for model in house.models(wiring).values()}


def caught_up(house: House) -> bool:
    async def look() -> bool:
        async with house.wiring() as wiring:
            return await positions(house, wiring) == {await wiring.streams(house.code).head()}

    return asyncio.run(look())


def book(house: House, guests: int) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            await house.receive(await house.dispatch(wiring), guests)

    asyncio.run(run())


def test_two_processes_share_the_work_without_doing_any_of_it_twice(house: House, follow: Callable[[], Process]) -> None:
    one, two = follow(), follow()
    wait_until(lambda: one.is_at_work() and two.is_at_work(), SECONDS, lambda: one.said() + two.said())
    book(house, 40)
    wait_until(lambda: caught_up(house), SECONDS, lambda: one.said() + two.said())
    ((head,),) = house.sql("SELECT max(position) FROM {schema}.events")
    each = one.moved(), two.moved()
    print(f"{head} events: {dict(each[0])} and {dict(each[1])}")
    assert each[0] + each[1] == Counter(dict.fromkeys(NAMES, head))

    leader, other = (one, two) if one.moved().total() >= two.moved().total() else (two, one)
    leader.process.kill()
    book(house, 10)
    with timed() as seconds:
        wait_until(lambda: caught_up(house), SECONDS, other.said)
        print(f"taken over after {seconds():.2f} s")

    async def compare() -> dict[str, list[str]]:
        async with house.wiring() as wiring:
            return await house.differences(wiring)

    assert asyncio.run(compare()) == {name: [] for name in NAMES}


def test_lag_is_told_in_events_and_seconds_also_of_a_model_that_stands_still(
    house: House, follow: Callable[[], Process]
) -> None:
    process = follow()
    book(house, 3)
    wait_until(lambda: caught_up(house), SECONDS, process.said)
    house.sql("UPDATE {schema}.events SET topic = 'guest.teleported.v9' WHERE position = 1")
    house.sql("UPDATE {schema}.models SET position = 0 WHERE name = 'due'")
    ((head,),) = house.sql("SELECT max(position) FROM {schema}.events")

    def told() -> tuple[int, bool, int]:
        seconds = process.counted("nightledger_lag_seconds")["due"]
        return (
            process.counted("nightledger_lag_events")["due"],
            seconds > 0,
            process.counted("nightledger_follower_stopped")["due"],
        )

    wait_until(lambda: told() == (head, True, 1), SECONDS, lambda: f"{told()} {process.said()}")
    assert process.counted("nightledger_lag_events")["revenue"] == 0


def test_followers_who_take_turns_keep_nothing_that_is_old(house: House) -> None:
    """Each page is applied by another process, each of which keeps what it last wrote."""

    async def run() -> dict[str, list[str]]:
        async with house.wiring() as one, house.wiring() as two, house.wiring() as three:
            await house.receive(await house.dispatch(one), 15)
            every = [house.models(wiring) for wiring in (one, two, three)]
            for name in NAMES:
                pages = Pages(house.code, one.pool, CATALOGUE, every[0][name].nouns)
                position, head, turn = 0, await pages.head(), 0
                while position < head:
                    page = await pages.after(position, 3, head)
                    assert await every[turn % 3][name].apply(position, page)
                    assert not await every[(turn + 1) % 3][name].apply(position, page), "the same page was applied twice"
                    position, turn = page.upto, turn + 1
            return await house.differences(one)

    assert asyncio.run(run()) == {name: [] for name in NAMES}
