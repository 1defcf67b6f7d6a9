"""Free rooms as Redis tells them, beside the same told by the ledger: through the real projection, for many at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from typing import Any, NoReturn
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from commands.dispatch import Asked
from commands.hold_stay import HoldStay
from ledger.ids import room_night_stream
from ledger.refusal import Repeated
from ledger.stay_dates import StayDates
from ops.bench.hotel import RATE_PLAN, scratch_hotel
from ops.bench.site import Site, site
from ops.embedded import EmbeddedServerError
from ops.seeding import define
from ops.settings import Settings
from ops.wiring import Wiring, wired
from projections.availability import KEPT_AS
from projections.redis_model import RedisModel
from queries.availability import ROOMS_LOOKED_AT, AvailabilityQuery, Free
from queries.hotel import HotelQuery
from web.house import Desk

KINDS = ("standard", "lake", "villa")
ROOMS = 3 * (ROOMS_LOOKED_AT + 10)
BOOKINGS = 40
TODAY = date.today()  # noqa: DTZ011 - stays lie days away from midnight
SEARCHES = [
    StayDates(TODAY + timedelta(days=lead), TODAY + timedelta(days=lead + nights))
    for lead in range(3, 40, 3)
    for nights in (1, 8, 30)
]


@pytest.fixture(scope="module")
def servers(missing: Callable[[str], NoReturn]) -> Iterator[Site]:
    """Give servers for this file."""
    try:
        with site(Settings()) as found:
            yield found
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")


def at_the_desk(servers: Site, scene: Callable[[Wiring, Desk], Coroutine[Any, Any, None]], rooms: int = ROOMS) -> None:
    """Open a hotel with some bookings, bring the read model up to the log, and play a scene."""

    async def play() -> None:
        async with wired(servers.settings) as wiring:
            code = servers.new_code()
            await define(wiring, scratch_hotel(code, rooms, KINDS), scratch=True)
            desk = await wiring.desk(code)
            assert desk is not None
            await asyncio.gather(*(book(desk, number) for number in range(BOOKINGS)))
            events = await desk.streams.after(0, 100_000)
            assert await wiring.models(code).availability.apply(1, 0, events[-1].position, events)
            await scene(wiring, desk)

    asyncio.run(play())


async def book(desk: Desk, number: int) -> None:
    """Hold a room for some nights of the next weeks."""
    drawn = random.Random(number)  # noqa: S311 - any bookings will do
    arrival = TODAY + timedelta(days=drawn.randrange(3, 40))
    command = HoldStay.model_validate(
        {
            "room_type": drawn.choice(KINDS), "rate_plan": RATE_PLAN, "rooms": drawn.randrange(1, 9),
            "arrival": arrival.isoformat(), "departure": (arrival + timedelta(days=drawn.randrange(1, 12))).isoformat(),
            "guest": {"name": "Ada Perera", "email": f"ada{number}@example.com"},
        }
    )  # fmt: skip
    with suppress(Repeated):  # the small house is full on some nights
        await desk.dispatch(command, Asked(command_id=uuid4(), actor="key:test"))


@asynccontextmanager
async def without_redis(desk: Desk) -> AsyncIterator[AvailabilityQuery]:
    """Give the same query with a Redis that is not there."""
    code = desk.listed.code
    async with Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0)) as away:
        model = RedisModel(away, code, KEPT_AS)
        yield AvailabilityQuery(code, model, HotelQuery(code, desk.streams), desk.streams)


def told(free: Free) -> list[tuple[int, int, int]]:
    return [(free.sure(kind), free.at_most(kind), free.by_type[kind].free) for kind in KINDS]


def test_redis_tells_what_the_ledger_tells(servers: Site) -> None:
    async def scene(_: Wiring, desk: Desk) -> None:
        head = await desk.streams.head()
        together = await asyncio.gather(*(desk.availability.free(dates) for dates in SEARCHES))
        async with without_redis(desk) as ledger:
            for dates, free in zip(SEARCHES, together, strict=True):
                from_ledger = await ledger.free(dates)
                assert told(free) == told(from_ledger)
                assert free.position == from_ledger.position == head
        every = [numbers for free in together for numbers in told(free)]
        assert {sure for sure, _, _ in every} >= {0, 1, 2}
        assert any(sure < perhaps for sure, perhaps, _ in every)

    at_the_desk(servers, scene, rooms=42)


def test_a_calendar_told_by_redis_is_the_one_of_the_ledger(servers: Site) -> None:
    async def scene(_: Wiring, desk: Desk) -> None:
        first, last = TODAY + timedelta(days=1), TODAY + timedelta(days=50)
        async with without_redis(desk) as ledger:
            one, other = [await query.days(first, last, last + timedelta(days=7)) for query in (desk.availability, ledger)]
        for kind in KINDS:
            assert len(one.by_type[kind]) == len(other.by_type[kind]) == 50
            for here, there in zip(one.by_type[kind], other.by_type[kind], strict=True):
                assert here.free == there.free
                assert [here.sure(nights) for nights in range(1, 8)] == [there.sure(nights) for nights in range(1, 8)]

    at_the_desk(servers, scene, rooms=42)


def test_one_call_answers_a_search_whatever_its_length(servers: Site) -> None:
    async def scene(wiring: Wiring, desk: Desk) -> None:
        await desk.availability.free(SEARCHES[0])
        for nights in (1, 365):
            async with counted_calls(wiring, desk.listed.code) as calls:
                await desk.availability.free(StayDates(TODAY, TODAY + timedelta(days=nights)))
            assert calls == ["EVALSHA"]

    at_the_desk(servers, scene, rooms=3)


@asynccontextmanager
async def counted_calls(wiring: Wiring, code: str) -> AsyncIterator[list[str]]:
    """Give the commands about a property that clients send to Redis meanwhile; what scripts do there does not travel."""
    calls: list[str] = []
    async with wiring.redis.monitor() as monitor:
        yield calls
        await wiring.redis.echo("the end")
        async for seen in monitor.listen():
            if seen["command"].startswith("ECHO"):
                return
            if seen["client_type"] != "lua" and f"{{{code}}}" in seen["command"]:
                calls.append(seen["command"].split()[0])


def test_rooms_that_are_proposed_are_free(servers: Site) -> None:
    async def scene(_: Wiring, desk: Desk) -> None:
        code = desk.listed.code
        for dates in SEARCHES[::5]:
            proposed = [await desk.availability.suggest("lake", dates, 9) for _ in range(3)]
            nights = [room_night_stream(code, room, night) for rooms in proposed for room in rooms for night in dates]
            assert [len(set(rooms)) for rooms in proposed] == [9, 9, 9]
            assert await desk.streams.read(nights) == []
        assert await desk.availability.suggest("igloo", SEARCHES[0], 1) == ()
        assert len(await desk.availability.suggest("lake", SEARCHES[0], ROOMS)) > ROOMS_LOOKED_AT

    at_the_desk(servers, scene)


def test_guests_who_ask_at_once_get_different_rooms(servers: Site) -> None:
    async def scene(_: Wiring, desk: Desk) -> None:
        far = StayDates(TODAY + timedelta(days=300), TODAY + timedelta(days=303))
        proposed = await asyncio.gather(*(desk.availability.suggest("lake", far, 1) for _ in range(40)))
        assert len(set(proposed)) > 20

    at_the_desk(servers, scene)
