"""The news of a property on a real log: told once to all who ask at a moment, in order, and nobody is kept in mind for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import date, timedelta
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from commands.dispatch import Asked
from commands.hold_stay import HoldStay
from ledger.command import Outcome
from ops.bench.hotel import RATE_PLAN, scratch_hotel
from ops.bench.site import Site, site
from ops.embedded import EmbeddedServerError
from ops.seeding import define
from ops.settings import Settings
from ops.wiring import wired
from queries import news as module
from queries.news import News, TooManyListeners
from web.api import stream
from web.house import Desk

KINDS = ("lake", "villa")
ARRIVAL = date.today() + timedelta(days=30)  # noqa: DTZ011 - any day of the future
NIGHTS = [ARRIVAL, ARRIVAL + timedelta(days=1)]
PATIENCE = 5.0


@pytest.fixture(scope="module")
def servers(missing: Callable[[str], NoReturn]) -> Iterator[Site]:
    """Give servers for this file."""
    try:
        with site(Settings()) as found:
            yield found
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")


def at_the_desk(servers: Site, scene: Callable[[Desk, int], Coroutine[Any, Any, None]]) -> None:
    """Open a hotel, and play a scene from the last position on."""

    async def play() -> None:
        async with wired(servers.settings) as wiring:
            code = servers.new_code()
            await define(wiring, scratch_hotel(code, 6, KINDS), scratch=True)
            desk = await wiring.desk(code)
            assert desk is not None
            await scene(desk, await desk.streams.head())

    asyncio.run(play())


async def hold(desk: Desk, room_type: str) -> Outcome:
    command = HoldStay.model_validate(
        {
            "room_type": room_type, "rate_plan": RATE_PLAN, "arrival": ARRIVAL, "departure": ARRIVAL + timedelta(days=2),
            "guest": {"name": "Ada Perera", "email": "ada@example.com"},
        }
    )  # fmt: skip
    return await desk.dispatch(command, Asked(command_id=uuid4(), actor="key:test"))


async def heard(desk: Desk, position: int, *, staff: bool) -> News:
    found = await desk.news.after(position, PATIENCE, staff=staff)
    assert found is not None
    return found


def test_each_command_is_told_and_its_last_message_has_its_position(servers: Site) -> None:
    async def scene(desk: Desk, before: int) -> None:
        with desk.news.listening("here"):
            first, second = await hold(desk, "lake"), await hold(desk, "villa")
            told = (await heard(desk, before, staff=True)).told
            if len(told) < 4:  # the watch looked between the two
                told = [*told, *(await heard(desk, first.position or 0, staff=True)).told]
            public = (await heard(desk, before, staff=False)).told
        assert [(each.kind, each.position) for each in told] == [
            ("reservation", None), ("availability", first.position), ("reservation", None), ("availability", second.position),
        ]  # fmt: skip
        assert told[0].body == {
            "reservation_id": str(first.answer["reservation_id"]), "topics": ["reservation.held.v1"],
            "position": first.position,
        }  # fmt: skip
        assert told[1].body["changes"] == [{"room_type": "lake", "dates": NIGHTS}]
        assert [each.body for each in public] == [told[1].body, told[3].body]

    at_the_desk(servers, scene)


def test_who_waits_is_told_at_once_and_who_hears_nothing_gets_nothing(servers: Site) -> None:
    async def scene(desk: Desk, before: int) -> None:
        with desk.news.listening("here"):
            assert await desk.news.after(before, 0.05, staff=False) is None
            waiting = [asyncio.create_task(desk.news.after(before, PATIENCE, staff=False)) for _ in range(20)]
            await asyncio.sleep(0.05)
            held = await hold(desk, "lake")
            told = await asyncio.gather(*waiting)
        assert {each.upto for each in told if each} == {held.position}
        assert len({id(each) for each in told}) == 1

    at_the_desk(servers, scene)


def test_nobody_looks_when_nobody_listens(servers: Site) -> None:
    async def scene(desk: Desk, before: int) -> None:
        with desk.news.listening("here"):
            await desk.news.after(before, 0.01, staff=False)
            assert watches()
        await asyncio.sleep(0)
        assert not watches()

    at_the_desk(servers, scene)


def watches() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("watch for") and not task.done()]


def test_there_is_room_for_so_many_listeners(servers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PER_ADDRESS", 2)
    monkeypatch.setattr(module, "MOST_LISTENERS", 3)

    async def scene(desk: Desk, _: int) -> None:
        with desk.news.listening("one"), desk.news.listening("one"):
            with pytest.raises(TooManyListeners):
                desk.news.welcome("one")
            desk.news.welcome("other")
            with desk.news.listening("other"), pytest.raises(TooManyListeners):
                desk.news.welcome("a third")
        desk.news.welcome("one")

    at_the_desk(servers, scene)


def test_a_quiet_stream_says_that_it_is_there_and_ends_with_the_server(servers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_UP_SECONDS", 0.02)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.04)

    async def scene(desk: Desk, before: int) -> None:
        messages: list[bytes] = []
        with desk.news.listening("here"):
            async for message in stream.written_news(desk.news, before, lambda: len(messages) == 2, staff=False):
                messages.append(message)  # noqa: PERF401 - it ends by how many there are
        assert messages == [b": nothing new\n\n"] * 2

    at_the_desk(servers, scene)
