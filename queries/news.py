"""Tells what happens as it happens: which nights of which room types changed, and which reservations, with positions.

Whoever listens reads the log from where it stands, at its own pace: nothing is kept for slow listeners, and what several
want to read at the same moment is read once. Ids, dates and topics only; nothing personal.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg_pool import PoolTimeout

from ledger.event import Recorded
from ledger.refusal import Refusal
from ledger.unreadable import Unreadable
from projections.availability import nights_told
from queries.hotel import Hotel, HotelQuery
from queries.pages import Pages

logger = logging.getLogger(__name__)

FOR_EVERYBODY, FOR_STAFF = frozenset({"room-night"}), frozenset({"room-night", "reservation"})
"""The nouns that are told to everybody, and to those who may see reservations."""
LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.1, 5.0
PAGE_EVENTS = 500
MOST_BEHIND = 10_000
"""Who has missed more events than that is told to load everything afresh instead."""
MOST_LISTENERS, MOST_PER_ADDRESS = 500, 20
"""In one process and at one property."""
CONFIRMED = "room-night.booking-confirmed.v1"
"""Books what was held already: nobody's choice of rooms changes by it."""


class TooManyListeners(Refusal):
    """Somebody, or everybody together, listens too often."""

    code = "stream.too_many"


class Told(Struct, frozen=True):
    """One message. `position` is given with the last one of a command only: whoever comes back with it misses nothing."""

    kind: str
    body: dict[str, Any]
    position: int | None = None


class News(Struct, frozen=True):
    """What happened, up to a position."""

    upto: int
    told: Sequence[Told]


class Newsroom:
    """The news of one property. While anybody listens it looks where the log ends; otherwise it does nothing."""

    def __init__(self, hotel: HotelQuery, for_everybody: Pages, for_staff: Pages) -> None:
        self._hotel = hotel
        self._pages = {False: for_everybody, True: for_staff}
        self._listeners: Counter[str] = Counter()
        self._head = 0
        self._moved = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._read: dict[tuple[bool, int, int], asyncio.Task[News]] = {}

    def welcome(self, address: str) -> None:
        """Refuse one listener more than there is room for. Raises TooManyListeners."""
        if self._listeners[address] >= MOST_PER_ADDRESS or self._listeners.total() >= MOST_LISTENERS:
            raise TooManyListeners("Too many listen from here already: close some of the streams and try again.")

    @contextmanager
    def listening(self, address: str) -> Iterator[None]:
        """Count a listener for as long as it listens."""
        self._listeners[address] += 1
        try:
            yield
        finally:
            self._listeners[address] -= 1
            self._listeners += Counter()  # drops addresses from where nobody listens any more
            if not self._listeners and self._watching:
                self._watching.cancel()
                self._watching = None

    async def head(self) -> int:
        """Give the last position of the log."""
        return await self._pages[False].head()

    async def after(self, position: int, seconds: float, *, staff: bool) -> News | None:
        """Give what happened after a position; wait for some seconds at most, and give nothing when nothing is to be heard."""
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name="watch for listeners")
        if self._head <= position:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._moved.wait()
        if self._head <= position:
            return None
        try:
            return await self._page(staff, position, self._head)
        except (psycopg.Error, PoolTimeout, Unreadable) as wrong:
            logger.warning("listeners hear nothing after position %s: %s", position, type(wrong).__name__)
            await asyncio.sleep(seconds)
            return None

    async def _page(self, staff: bool, position: int, head: int) -> News:
        """Read a page, once for all who want it at this moment. Raises Unreadable."""
        key = (staff, position, head)
        if key not in self._read:
            self._read[key] = asyncio.create_task(self._news(self._pages[staff], position, head))
            self._read[key].add_done_callback(lambda _: self._read.pop(key, None))
        return await asyncio.shield(self._read[key])

    async def _news(self, pages: Pages, position: int, head: int) -> News:
        page = await pages.after(position, PAGE_EVENTS, head)
        hotel = await self._hotel.current()
        by_command = groupby(page.events, key=lambda recorded: recorded.position - recorded.command_index)
        return News(page.upto, [told for _, events in by_command for told in _told(hotel, list(events))])

    async def _watch(self) -> None:
        pause = LOOK_SECONDS
        while True:
            try:
                head = await self.head()
            except (psycopg.Error, PoolTimeout) as gone:
                pause = min(2 * pause, LONGEST_LOOK_SECONDS)
                logger.warning("listeners hear nothing, the log cannot be read: %s", type(gone).__name__)
            else:
                pause = LOOK_SECONDS
                if head > self._head:
                    self._head = head
                    self._moved, moved = asyncio.Event(), self._moved
                    moved.set()
            await asyncio.sleep(pause)


def _told(hotel: Hotel, events: Sequence[Recorded]) -> Iterator[Told]:
    """Tell what one command did: each reservation by itself, then all nights together."""
    nights: dict[str, set[date]] = {}
    topics: dict[str, list[str]] = {}
    types = _types(hotel)
    for recorded in events:
        topic = recorded.event.topic
        if topic.startswith("reservation."):
            topics.setdefault(str(recorded.stream), []).append(topic)
        elif topic != CONFIRMED:
            for room, night, _ in nights_told(recorded.event):
                nights.setdefault(types.get(room, ""), set()).add(night)
    messages = [Told("reservation", {"reservation_id": subject, "topics": said}) for subject, said in topics.items()]
    if nights:
        changes = [{"room_type": kind, "dates": sorted(dates)} for kind, dates in nights.items()]
        messages.append(Told("availability", {"changes": changes}))
    for message in messages:
        message.body["position"] = events[-1].position
    yield from messages[:-1]
    yield from (replace(last, position=events[-1].position) for last in messages[-1:])


@lru_cache(maxsize=16)
def _types(hotel: Hotel) -> Mapping[str, str]:
    """Give the type of each room."""
    return {room: kind for kind, rooms in hotel.rooms.items() for room in rooms}
