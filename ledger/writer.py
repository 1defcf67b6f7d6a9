"""The group-commit writer: whatever waits is read, decided in order and appended together, with one commit.

While one batch commits, the next one fills; there is no timer, so a lone command is not delayed. A loser, an undecidable
command or a handler's bug never fails its neighbours. After a lost connection the batch is tried again: recorded command
ids answer for what was committed before the connection broke.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg_pool import PoolTimeout

from ledger.batch import Round, decide_all
from ledger.command import Command, Envelope, Handler, Outcome, Urgency
from ledger.folded import FARTHEST_BEHIND, Folded
from ledger.log import Conflict, Connection, Log
from ledger.refusal import Unavailable

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from ledger.catalogue import Catalogue
    from ledger.keys import GuestKeys

logger = logging.getLogger(__name__)

LARGEST_BATCH = 256
LONGEST_QUEUE = 4096
PATIENCE_SECONDS = 8.0
"""How long a batch may be tried again after lost connections before its callers are told that the database is away."""

IDLE_SECONDS = 5.0
"""After so long without a batch the head is looked at before the tail is read."""


class Gauge(Protocol):
    """What the writer reports about each batch."""

    def batch(self, commands: int, seconds: float, conflicts: int) -> None:
        """Note one committed batch."""


@dataclass
class Waiting:
    """A command in the queue and the future of its outcome."""

    envelope: Envelope
    answer: asyncio.Future[Outcome]


class Writer:
    """Writes one property's ledger from one process. `submit` may be awaited by any number of callers on its loop."""

    def __init__(
        self, log: Log, pool: AsyncConnectionPool[Connection], catalogue: Catalogue,
        handlers: Mapping[type[Command], Handler], keys: GuestKeys, gauge: Gauge | None = None,
    ) -> None:  # fmt: skip
        self._log = log
        self._pool = pool
        self._catalogue = catalogue
        self._handlers = handlers
        self._keys = keys
        self._gauge = gauge
        self._folded = Folded(catalogue)
        self._queues: tuple[deque[Waiting], ...] = tuple(deque() for _ in Urgency)
        self._read_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """How many commands wait."""
        return sum(len(queue) for queue in self._queues)

    async def submit(self, envelope: Envelope) -> Outcome:
        """Decide a command and make the outcome durable. Raises Unavailable; refusals come as outcomes."""
        if self.queued >= LONGEST_QUEUE:
            message = f"{self.queued} commands wait already: try again in a moment"
            raise Unavailable(message)
        waiting = Waiting(envelope, asyncio.get_running_loop().create_future())
        self._queues[envelope.urgency].append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name=f"writer {self._log.property_code}")
        return await waiting.answer

    async def _drain(self) -> None:
        while self.queued:
            batch = self._next_batch()
            try:
                await self._write_patiently(batch)
            except Exception as failure:
                if not isinstance(failure, Unavailable):
                    # The second try settles before its commit: what was folded may never have become true.
                    self._folded.start_at(0)
                    logger.exception("a batch of %d commands could not be decided", len(batch))
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(failure)

    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        for queue in self._queues:
            while queue and len(batch) < LARGEST_BATCH:
                waiting = queue.popleft()
                if not waiting.answer.done():
                    batch.append(waiting)
        return batch

    async def _write_patiently(self, batch: list[Waiting]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.05
        while True:
            try:
                return await self._write(batch)
            except psycopg.errors.LockNotAvailable as busy:
                message = "the ledger is busy with another writer: try again in a moment"
                raise Unavailable(message) from busy
            except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout, PoolTimeout) as lost:
                self._folded.start_at(0)
                if time.monotonic() + pause > deadline:
                    message = (
                        "the ledger's database does not answer, so it is not known whether this was recorded:"
                        " send the same request again in a moment, with the same key"
                    )
                    raise Unavailable(message, retry_after=5) from lost
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def _write(self, batch: list[Waiting]) -> None:
        started = time.monotonic()
        conflicts = 0
        async with self._pool.connection(timeout=2) as connection:
            try:
                outcomes = await self._attempt(connection, batch)
            except Conflict:
                conflicts = 1
                # The second try holds the ledger's lock while it reads, so nobody can be first again.
                async with connection.transaction():
                    await self._log.lock(connection)
                    outcomes = await self._attempt(connection, batch)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(outcome, Outcome):
                waiting.answer.set_result(outcome)
            else:
                waiting.answer.set_exception(outcome)
        self._folded.forget_some()
        if self._gauge is not None:
            self._gauge.batch(len(batch), time.monotonic() - started, conflicts)

    async def _attempt(self, connection: Connection, batch: list[Waiting]) -> list[Outcome | Exception]:
        await self._catch_up(connection)
        self._read_at = time.monotonic()
        reading = Round(self._log, connection, self._folded, self._catalogue)
        decided = await decide_all([waiting.envelope for waiting in batch], self._handlers, reading)
        if decided.keys:
            await asyncio.to_thread(self._keys.keep, decided.keys)
        if decided.batch.commands:
            base_position, recorded_at = await self._log.append(connection, decided.batch)
            last_position = base_position + len(decided.batch.events)
            self._folded.settle(reading.working.changed, base_position, last_position, recorded_at)
            return decided.outcomes_at(base_position)
        return decided.outcomes_at(self._folded.position)

    async def _catch_up(self, connection: Connection) -> None:
        """Start afresh at the head when this process was idle while the others wrote a lot."""
        if self._folded.position and time.monotonic() - self._read_at < IDLE_SECONDS:
            return
        head, recorded_at = await self._log.head(connection)
        if head - self._folded.position > FARTHEST_BEHIND or self._folded.position == 0:
            self._folded.start_at(head)
        if recorded_at is not None:
            self._folded.recorded_at = max(self._folded.recorded_at, recorded_at)
