"""The followers: keep every property's read models up with the log, in batches of whole commands.

A read model that fails stops where it is, says where and why, and is tried again later; the others go on. After the list
of what is due has moved, the workers get hints; a lost hint costs a second, because the sweeper finds the same rows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from ledger.event import Recorded
from ops.cancelling import heed_cancellation
from ops.catalogue import CATALOGUE
from ops.metrics import APPLIED, LAG_EVENTS, LAG_SECONDS, STOPPED
from ops.read_models import ReadModel, read_models
from ops.wiring import Wiring
from projections.due import what_is_due
from queries.pages import Pages
from queries.progress import Progress

logger = logging.getLogger(__name__)

PAGE_EVENTS = 5000
IDLE_SECONDS = 0.02
LONGEST_IDLE_SECONDS = 0.1
"""Between looks at a log: what following adds to the age of a read model, while things happen and after a quiet time."""
LOOK_AGAIN_SECONDS = 1.0
"""A read model without news is asked so often where it stands, in case somebody emptied it."""
STAND_BY_SECONDS = 0.5
"""After so long without a move, with more to apply, a follower that stood by takes over."""
MEASURE_SECONDS = 1.0
NEW_PROPERTY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

AppliedTo = Callable[[Sequence[Recorded]], Awaitable[None]]
"""Told which batch was applied."""
Hint = Callable[[str, str, UUID], None]
"""Tells a worker to look at (property, rule, subject)."""


class Watch:
    """Looks at one property's log for all its followers: often while something happens, less often while nothing does."""

    def __init__(self, wiring: Wiring, property_code: str) -> None:
        self._streams = wiring.streams(property_code)
        self._property_code = property_code
        self._moved = asyncio.Event()
        self.head = 0

    async def run(self) -> None:
        """Watch for ever."""
        pause = IDLE_SECONDS
        while True:
            heed_cancellation()
            try:
                head = await self._streams.head()
            except Exception as gone:  # noqa: BLE001 - the database may be restarting; it is asked again
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                logger.warning("the log of %s cannot be read: %s", self._property_code, type(gone).__name__)
            else:
                pause = IDLE_SECONDS if head != self.head else min(pause * 1.1, LONGEST_IDLE_SECONDS)
                if head != self.head:
                    self.head = head
                    self._moved, moved = asyncio.Event(), self._moved
                    moved.set()
            await asyncio.sleep(pause)

    async def beyond(self, position: int, seconds: float) -> bool:
        """Wait until the log goes beyond a position, for some seconds at most; tell whether it does."""
        moved = self._moved
        if self.head > position:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await moved.wait()
        return self.head > position


class Follower:
    """Keeps one read model of one property up with the log.

    Several may follow the same model, each in a process of its own. One moves it; whoever finds that another was first
    stands by, reads nothing, and takes over when the model no longer moves although the log does.
    """

    def __init__(
        self, wiring: Wiring, property_code: str, model: ReadModel, watch: Watch, applied: AppliedTo, *, leads: bool = True
    ) -> None:
        self._pages = Pages(property_code, wiring.pool, CATALOGUE, model.nouns)
        self._property_code = property_code
        self._model = model
        self._watch = watch
        self._applied = applied
        self._position: int | None = None
        self._standing_by = not leads

    async def run(self) -> None:
        """Follow for ever."""
        pause = 0.0
        while True:
            heed_cancellation()
            try:
                await self.step()
                pause = 0.0
                STOPPED.labels(self._property_code, self._model.name).set(0)
            except Exception as failure:  # noqa: BLE001 - whatever stops one model must not stop the others, and is told
                pause = min(max(pause * 2, 0.1), LONGEST_PAUSE_SECONDS)
                logger.error(  # noqa: TRY400 - events may hold ciphertext; the place is enough to find them
                    "%s of %s stopped after position %s: %s: %s",
                    self._model.name, self._property_code, self._position, type(failure).__name__, failure,
                )  # fmt: skip
                STOPPED.labels(self._property_code, self._model.name).set(1)
                self._position = None
                await asyncio.sleep(pause)

    async def step(self) -> None:
        """Apply the next page, or wait a moment for one. A model that was emptied meanwhile is seen and filled again."""
        if self._standing_by:
            await self._stand_by()
        elif self._position is None:
            self._position = await self._model.position()
        elif not await self._watch.beyond(self._position, LOOK_AGAIN_SECONDS):
            self._position = None
        else:
            await self._apply_next(self._position)

    async def _apply_next(self, position: int) -> None:
        page = await self._pages.after(position, PAGE_EVENTS, self._watch.head)
        if await self._model.apply(position, page):
            self._position = page.upto
            APPLIED.labels(self._property_code, self._model.name).inc(page.upto - position)
            await self._applied(page.events)
        else:
            self._position = await self._model.position()
            self._standing_by = self._position > position

    async def _stand_by(self) -> None:
        """Look now and then whether the model still moves; a generation that was switched to counts as moving."""
        before = self._position
        await asyncio.sleep(STAND_BY_SECONDS)
        self._position = await self._model.position()
        self._standing_by = self._position != before or self._watch.head <= self._position


@dataclass(frozen=True)
class Share:
    """Which of several follower processes this is, counted from 1. It leads each `of`th read model and stands by for others."""

    number: int = 1
    of: int = 1

    def leads(self, place: int) -> bool:
        """Tell whether the read model at a place of the list is this process's own."""
        return place % self.of == self.number - 1


async def follow(wiring: Wiring, hint: Hint, share: Share) -> None:
    """Follow all properties, new ones too, until cancelled."""
    followed: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            heed_cancellation()
            try:
                codes = {listed.code for listed in await wiring.access.properties()}
            except Exception as gone:  # noqa: BLE001 - the database may be restarting; it is asked again in a second
                logger.warning("the list of properties cannot be read: %s", type(gone).__name__)
                codes = set()
            for code in codes - followed:
                watch = Watch(wiring, code)
                tasks.create_task(watch.run(), name=f"watch {code}")
                tasks.create_task(_measure(wiring, code), name=f"measure {code}")
                for place, model in enumerate(read_models(wiring, code)):
                    applied = _hinting(wiring, code, hint) if model.name == "due" else _ignore
                    follower = Follower(wiring, code, model, watch, applied, leads=share.leads(place))
                    tasks.create_task(follower.run(), name=f"follow {code} {model.name}")
            followed |= codes
            await asyncio.sleep(NEW_PROPERTY_SECONDS)


async def _measure(wiring: Wiring, property_code: str) -> None:
    """Report how far every read model is behind, also one that stands still, for ever."""
    progress = Progress(wiring.streams(property_code), wiring.positions(wiring.models(property_code)))
    while True:
        heed_cancellation()
        with suppress(psycopg.Error, PoolTimeout, RedisError):
            for name, lag in (await progress.lags()).items():
                LAG_EVENTS.labels(property_code, name).set(lag.events)
                LAG_SECONDS.labels(property_code, name).set(lag.seconds)
        await asyncio.sleep(MEASURE_SECONDS)


async def _ignore(batch: Sequence[Recorded]) -> None:
    """Most read models have nobody to tell."""


def _hinting(wiring: Wiring, property_code: str, hint: Hint) -> AppliedTo:
    last_warning = 0.0

    async def tell(batch: Sequence[Recorded]) -> None:
        nonlocal last_warning
        now: datetime = wiring.clock.now()
        due = {(row.rule, row.subject): row.due_at for recorded in batch for row in what_is_due(recorded) if not row.wakes}
        try:
            for (rule, subject), due_at in due.items():
                if due_at is not None and due_at <= now:
                    await asyncio.to_thread(hint, property_code, rule, subject)
        except ConnectionError as gone:
            if time.monotonic() - last_warning > LONGEST_PAUSE_SECONDS:
                last_warning = time.monotonic()
                logger.warning("hints are not sent, the sweeper will find the work: %s", type(gone).__name__)

    return tell
