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
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledger.event import Recorded
from ops.metrics import LAG_EVENTS, STOPPED
from ops.wiring import Wiring
from projections.availability import Availability
from projections.due import DueList, what_is_due
from projections.reservations import Reservations
from projections.revenue import Revenue

logger = logging.getLogger(__name__)

BATCH_EVENTS = 1000
IDLE_SECONDS = 0.02
LONGEST_IDLE_SECONDS = 0.1
"""Between looks at a log: what following adds to the age of a read model, while things happen and after a quiet time."""
LOOK_AGAIN_SECONDS = 1.0
"""A read model without news is asked so often where it stands, in case somebody emptied it."""
NEW_PROPERTY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

AppliedTo = Callable[[Sequence[Recorded]], Awaitable[None]]
"""Told which batch was applied."""
Hint = Callable[[str, str, UUID], None]
"""Tells a worker to look at (property, rule, subject)."""


class Applied(Protocol):
    """A read model with its generations hidden: where it stands, and how to move it."""

    name: str

    async def position(self) -> int:
        """Give the position of the live generation."""

    async def apply(self, before: int, batch: Sequence[Recorded]) -> bool:
        """Apply a batch when the model stands at `before`; tell whether it did."""


class _InRedis:
    def __init__(self, projection: Availability | Revenue, generation: int | None = None) -> None:
        self.name = projection.name
        self._projection = projection
        self._model = projection.model
        self._generation = generation

    async def _at(self) -> int:
        return self._generation or await self._model.live()

    async def position(self) -> int:
        return await self._model.position(await self._at())

    async def apply(self, before: int, batch: Sequence[Recorded]) -> bool:
        return await self._projection.apply(await self._at(), before, batch)


class _InPostgres:
    def __init__(self, wiring: Wiring, projection: Reservations | DueList, generation: int | None = None) -> None:
        self.name = projection.name
        self._wiring = wiring
        self._projection = projection
        self._model = projection.model
        self._generation = generation

    async def position(self) -> int:
        async with self._wiring.pool.connection() as connection:
            return await self._model.position(connection, self._generation or await self._model.live(connection))

    async def apply(self, before: int, batch: Sequence[Recorded]) -> bool:
        async with self._wiring.pool.connection() as connection:
            generation = self._generation or await self._model.live(connection)
            return await self._projection.apply(connection, generation, before, batch)


def models_of(wiring: Wiring, property_code: str, generation: int | None = None) -> list[Applied]:
    """List the read models of a property, of the live or of a given generation."""
    models = wiring.models(property_code)
    return [
        _InRedis(models.availability, generation),
        _InRedis(models.revenue, generation),
        _InPostgres(wiring, models.reservations, generation),
        _InPostgres(wiring, models.due, generation),
    ]


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
            await asyncio.wait_for(moved.wait(), seconds)
        return self.head > position


class Follower:
    """Keeps one read model of one property up with the log."""

    def __init__(self, wiring: Wiring, property_code: str, model: Applied, watch: Watch, applied: AppliedTo) -> None:
        self._streams = wiring.streams(property_code)
        self._property_code = property_code
        self._model = model
        self._watch = watch
        self._applied = applied
        self._position: int | None = None

    async def run(self) -> None:
        """Follow for ever."""
        pause = 0.0
        while True:
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
        """Apply the next batch, or wait a moment for one. A model that was emptied meanwhile is seen and filled again."""
        if self._position is None:
            self._position = await self._model.position()
        if not await self._watch.beyond(self._position, LOOK_AGAIN_SECONDS):
            self._position = None
            return
        batch = await self._streams.after(self._position, BATCH_EVENTS)
        if batch and await self._model.apply(self._position, batch):
            self._position = batch[-1].position
            await self._applied(batch)
        else:
            self._position = None
        LAG_EVENTS.labels(self._property_code, self._model.name).set(max(0, self._watch.head - (self._position or 0)))


async def follow(wiring: Wiring, hint: Hint) -> None:
    """Follow all properties, new ones too, until cancelled."""
    followed: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            try:
                codes = {listed.code for listed in await wiring.access.properties()}
            except Exception as gone:  # noqa: BLE001 - the database may be restarting; it is asked again in a second
                logger.warning("the list of properties cannot be read: %s", type(gone).__name__)
                codes = set()
            for code in codes - followed:
                watch = Watch(wiring, code)
                tasks.create_task(watch.run(), name=f"watch {code}")
                for model in models_of(wiring, code):
                    applied = _hinting(wiring, code, hint) if model.name == "due" else _ignore
                    follower = Follower(wiring, code, model, watch, applied)
                    tasks.create_task(follower.run(), name=f"follow {code} {model.name}")
            followed |= codes
            await asyncio.sleep(NEW_PROPERTY_SECONDS)


async def _ignore(batch: Sequence[Recorded]) -> None:
    """Most read models have nobody to tell."""


def _hinting(wiring: Wiring, property_code: str, hint: Hint) -> AppliedTo:
    last_warning = 0.0

    async def tell(batch: Sequence[Recorded]) -> None:
        nonlocal last_warning
        now: datetime = wiring.clock.now()
        due = {(row.rule, row.subject): row.due_at for recorded in batch for row in what_is_due(recorded)}
        try:
            for (rule, subject), due_at in due.items():
                if due_at is not None and due_at <= now:
                    await asyncio.to_thread(hint, property_code, rule, subject)
        except ConnectionError as gone:
            if time.monotonic() - last_warning > LONGEST_PAUSE_SECONDS:
                last_warning = time.monotonic()
                logger.warning("hints are not sent, the sweeper will find the work: %s", type(gone).__name__)

    return tell
