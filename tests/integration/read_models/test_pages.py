"""Pages of the log end with a whole command, carry what their reader looks at, and never skip what nobody knows."""

from __future__ import annotations

import asyncio

import pytest

from ledger.event import Recorded
from ledger.unreadable import Unreadable
from ops.catalogue import CATALOGUE
from ops.wiring import Wiring
from queries.pages import Page, Pages
from tests.integration.read_models.houses import House

NOUNS = [{"room-night"}, {"reservation", "property"}, set[str]()]
POISON = (
    "UPDATE {schema}.events SET topic = 'room-night.painted.v7'"
    " WHERE position = (SELECT max(position) - 3 FROM {schema}.events)"
)  # fmt: skip


async def read(pages: Pages, most: int) -> list[Page]:
    """Read the whole log in pages."""
    head, found = await pages.head(), [Page(0, [])]
    while found[-1].upto < head:
        found.append(await pages.after(found[-1].upto, most, head))
    return found[1:]


async def log_of(house: House, wiring: Wiring, guests: int) -> list[Recorded]:
    await house.receive(await house.dispatch(wiring), guests)
    return await wiring.streams(house.code).after(0, 10_000)


def test_pages_of_every_size_give_every_event_once_in_whole_commands(house: House) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            whole = await log_of(house, wiring, 4)
            ends = {each.position for each in whole if each.command_index + 1 == each.command_count}
            for nouns in NOUNS:
                wanted = [each for each in whole if each.event.topic.partition(".")[0] in nouns]
                for most in range(1, len(whole) + 2):
                    pages = await read(Pages(house.code, wiring.pool, CATALOGUE, nouns), most)
                    assert [each for page in pages for each in page.events] == wanted
                    assert {page.upto for page in pages} <= ends
                    assert all(each.position <= page.upto for page in pages for each in page.events)

    asyncio.run(run())


@pytest.mark.parametrize("nouns", NOUNS)
def test_an_unknown_event_stops_a_reader_before_its_command_even_one_that_does_not_look_at_it(
    house: House, nouns: set[str]
) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            whole = await log_of(house, wiring, 2)
            house.sql(POISON)
            bad = whole[-4]
            before = bad.position - bad.command_index - 1
            pages = Pages(house.code, wiring.pool, CATALOGUE, nouns)
            page = await pages.after(0, 10_000, whole[-1].position)
            assert page.upto == before
            assert page.events == [each for each in whole[:before] if each.event.topic.partition(".")[0] in nouns]
            with pytest.raises(Unreadable, match=f"position {bad.position} .*painted"):
                await pages.after(before, 10_000, whole[-1].position)

    asyncio.run(run())
