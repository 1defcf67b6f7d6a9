"""Rebuilt equals kept, whenever a rebuild is broken off, and whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from ledger.refusal import Unavailable
from ops import rebuild as rebuilding
from ops.catalogue import CATALOGUE
from ops.read_models import NAMES, ReadModel
from ops.rebuild import Filling, rebuild
from ops.wiring import Wiring
from queries.pages import Page, Pages
from tests.integration.read_models.houses import House

GUESTS = 12
NONE: dict[str, list[str]] = {name: [] for name in NAMES}


class Killed(Exception):
    """Stands for the end of the process."""


def silent(_model: str, _done: int, _whole: int) -> None:
    """Nobody is told."""


async def follow_up(house: House, wiring: Wiring, most: int = 7) -> None:
    """Bring the live generations up to the head in small pages."""
    for model in house.models(wiring).values():
        pages = Pages(house.code, wiring.pool, CATALOGUE, model.nouns)
        position, head = await model.position(), await pages.head()
        while position < head:
            page = await pages.after(position, most, head)
            position = page.upto if await model.apply(position, page) else await model.position()


async def filled(house: House, wiring: Wiring) -> None:
    await house.receive(await house.dispatch(wiring), GUESTS)
    await follow_up(house, wiring)


def test_rebuilt_in_large_pages_equals_kept_in_small_ones(house: House) -> None:
    async def run() -> tuple[dict[str, list[str]], list[bool], dict[str, list[str]]]:
        async with house.wiring() as wiring:
            await filled(house, wiring)
            before = await house.differences(wiring)
            switched = [(await rebuild(wiring, house.code, name, silent)).switched for name in NAMES]
            await house.receive(await house.dispatch(wiring), 5)
            await follow_up(house, wiring)
            return before, switched, await house.differences(wiring)

    assert asyncio.run(run()) == (NONE, [True] * len(NAMES), NONE)


def test_what_was_damaged_is_named_and_mended(house: House) -> None:
    async def run() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        async with house.wiring() as wiring:
            await filled(house, wiring)
            models = wiring.models(house.code)
            await wiring.redis.setbit(models.availability.model.key(1, "room", "g2"), 7000, 1)
            await wiring.redis.delete(models.revenue.model.key(1, "house"))
            house.sql("DELETE FROM {schema}.reservations WHERE state = 'cancelled'")
            house.sql("UPDATE {schema}.due SET position = 0")
            found = await house.differences(wiring)
            for name in NAMES:
                await rebuild(wiring, house.code, name, silent)
            return found, await house.differences(wiring)

    found, after = asyncio.run(run())
    assert (found["availability"], found["revenue"], found["guests"]) == (["room:g2"], ["house"], [])
    assert len(found["reservations"]) == GUESTS // 3
    assert found["due"]
    assert after == NONE


@pytest.mark.parametrize("name", NAMES)
def test_broken_off_after_any_page_the_next_run_starts_clean(house: House, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAGE_EVENTS", 20)

    async def broken_off(wiring: Wiring, pages: int) -> bool:
        """Rebuild, and be killed after so many pages; tell whether that came before the end."""
        numbers = count(1)

        def report(_model: str, _done: int, _whole: int) -> None:
            if next(numbers) > pages:
                raise Killed

        try:
            await rebuild(wiring, house.code, name, report)
        except Killed:
            return True
        return False

    async def run() -> int:
        async with house.wiring() as wiring:
            await filled(house, wiring)
            model = house.models(wiring)[name]
            at, tries = await model.position(), 0
            while await broken_off(wiring, tries):
                assert (await model.live(), await model.position()) == (1, at), "readers saw half a model"
                tries += 1
            assert await model.live() == 2
            assert (await house.differences(wiring))[name] == []
            return tries

    assert asyncio.run(run()) > 3


@pytest.mark.parametrize("name", NAMES)
def test_a_generation_that_is_behind_is_not_switched_to(house: House, name: str) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            await filled(house, wiring)
            model = house.models(wiring)[name]
            pages = Pages(house.code, wiring.pool, CATALOGUE, model.nouns)
            head = await pages.head()
            page = await pages.after(0, head - 1, head)
            assert await model.apply(0, page, 2)
            assert not await model.switch(2)
            assert await model.live() == 1
            assert await model.apply(page.upto, await pages.after(page.upto, head, head), 2)
            assert await model.switch(2)
            assert await model.live() == 2

    asyncio.run(run())


@pytest.mark.parametrize("name", NAMES)
def test_the_generation_before_stays_until_it_is_pruned(house: House, name: str) -> None:
    async def run() -> list[int]:
        async with house.wiring() as wiring:
            await filled(house, wiring)
            model = house.models(wiring)[name]
            await rebuild(wiring, house.code, name, silent)
            reached = [await model.position(1) > 0, await model.position(2) > 0]
            await model.prune()
            return [*reached, await model.position(1), await model.position(2) > 0]

    assert asyncio.run(run()) == [True, True, 0, True]


def test_it_ends_while_guests_book_and_followers_follow(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAGE_EVENTS", 20)

    async def run() -> dict[str, list[str]]:
        async with house.wiring() as wiring, house.wiring() as other:
            await filled(house, wiring)

            async def busy() -> None:
                dispatch = await house.dispatch(other)
                for _ in range(6):
                    await house.receive(dispatch, 3)
                    await follow_up(house, other)

            booking = asyncio.create_task(busy())
            for name in NAMES:
                assert (await rebuild(wiring, house.code, name, silent)).switched
            await booking
            await follow_up(house, wiring)
            return await house.differences(wiring)

    assert asyncio.run(run()) == NONE


def test_of_two_at_once_one_gives_way(house: House) -> None:
    async def other_s(model: ReadModel, page: Page) -> None:
        assert await model.apply(0, page, 2)

    async def run() -> None:
        async with house.wiring() as wiring:
            await filled(house, wiring)
            model = house.models(wiring)["availability"]
            pages = Pages(house.code, wiring.pool, CATALOGUE, model.nouns)
            await other_s(model, await pages.after(0, 10, await pages.head()))
            with pytest.raises(Unavailable, match="another rebuild of availability is running"):
                await Filling(model, pages, 2, silent).catch_up()

    asyncio.run(run())
