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
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg_pool import PoolTimeout

from ledger.batch import Round, decide_all
from ledger.clock import Clock
from ledger.command import Command, Envelope, Handler, Outcome, Urgency
from ledger.folded import FARTHEST_BEHIND, Folded
from ledger.log import Conflict, Connection, Log
from ledger.refusal import Unavailable

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from ledger.catalogue import Catalogue

logger = logging.getLogger(__name__)

LARGEST_BATCH = 256
GUESTS_SHARE = 64
"""Places of a batch that are for guests who wait, however much promised work there is: the nth guest is in batch n / 64."""
LONGEST_QUEUE = 4096
KEPT_FOR_PROMISED = 512
"""Places at the end of the queue that guests do not get, so that sagas and staff can go on."""

LONGEST_WAIT_SECONDS = 10.0
"""After so long a caller is told that it is not known what became of the command, whatever the database does."""
PATIENCE_SECONDS = 8.0
"""How long a batch may be tried again after lost connections before its callers are told that the database is away."""
LINGER_SECONDS = 0.05
"""How long the connection is kept for a next batch: borrowing one for each costs a round trip."""

LOOK_AGAIN_SECONDS = 5.0
"""So often the head and the database's clock are looked at before a batch is read."""
FARTHEST_AHEAD_SECONDS = 300.0
"""A clock further ahead than this would take live holds for expired ones, and sell their rooms."""

NOT_KNOWN = (
    "the ledger's database does not answer, so it is not known whether this was recorded:"
    " send the same request again in a moment, with the same key"
)


class Gauge(Protocol):
    """What the writer reports about each batch."""

    def batch(
        self, commands: int, seconds: float, conflicts: int, *, commit_seconds: float, queued: int, longest_wait: float
    ) -> None:
        """Note one committed batch: of its append alone, who still waits, and how long its first command had waited."""


@dataclass(slots=True)
class Waiting:
    """A command in the queue, the future of its outcome, and since when it waits (monotonic seconds)."""

    envelope: Envelope
    answer: asyncio.Future[Outcome]
    since: float


class Writer:
    """Writes one property's ledger from one process. `submit` may be awaited by any number of callers on its loop.

    `machine` is the clock of this machine, which must not run ahead of the database's.
    """

    def __init__(
        self, log: Log, pool: AsyncConnectionPool[Connection], catalogue: Catalogue,
        handlers: Mapping[type[Command], Handler], gauge: Gauge | None = None, machine: Clock | None = None,
    ) -> None:  # fmt: skip
        self._log = log
        self._pool = pool
        self._catalogue = catalogue
        self._handlers = handlers
        self._gauge = gauge
        self._machine = machine or Clock()
        self._folded = Folded(catalogue)
        self._promised: deque[Waiting] = deque()
        self._guests: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._read_at = 0.0
        self._append_seconds = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """How many commands wait."""
        return len(self._promised) + len(self._guests)

    async def submit(self, envelope: Envelope) -> Outcome:
        """Decide a command and make the outcome durable. Raises Unavailable; refusals come as outcomes."""
        promised = envelope.urgency is Urgency.PROMISED
        if self.queued >= LONGEST_QUEUE - (0 if promised else KEPT_FOR_PROMISED):
            message = f"{self.queued} commands wait already: try again in a moment"
            raise Unavailable(message)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        (self._promised if promised else self._guests).append(Waiting(envelope, answer, time.monotonic()))
        self._arrived.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name=f"writer {self._log.property_code}")
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS) as patience:
                return await answer
        except TimeoutError:
            if not patience.expired():
                raise
            raise Unavailable(NOT_KNOWN, retry_after=5) from None

    async def _drain(self) -> None:
        """Write until nothing has come for a moment, on one connection as long as it holds."""
        batch: list[Waiting] = []
        trouble = Trouble()
        while batch := batch or self._next_batch():
            try:
                async with self._pool.connection(timeout=2) as connection:
                    while batch:
                        await self._write(connection, batch)
                        trouble = Trouble()
                        batch = await self._next_or_linger()
            except psycopg.errors.LockNotAvailable:
                batch = _fail(batch, Unavailable("the ledger is busy with another writer: try again in a moment"))
            except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout, PoolTimeout) as lost:
                self._folded.start_at(0)
                if not await trouble.pause():
                    logger.warning("%d commands were given up: %s", len(batch), type(lost).__name__)
                    batch, trouble = _fail(batch, Unavailable(NOT_KNOWN, retry_after=5)), Trouble()
            except Unavailable as failure:
                batch = _fail(batch, failure)
            except Exception as failure:
                # The second try settles before its commit: what was folded may never have become true.
                self._folded.start_at(0)
                logger.exception("a batch of %d commands could not be decided", len(batch))
                batch = _fail(batch, failure)

    async def _next_or_linger(self) -> list[Waiting]:
        """Take the next batch, and wait a moment for one before the connection is given back."""
        await asyncio.sleep(0)  # those who were just answered may have the next command ready
        if not self.queued:
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    await self._arrived.wait()
        return self._next_batch()

    def _next_batch(self) -> list[Waiting]:
        """Take promised work first; a quarter of each batch is for guests who wait, so that nobody waits for ever."""
        batch = _take(self._promised, LARGEST_BATCH - min(len(self._guests), GUESTS_SHARE))
        batch += _take(self._guests, LARGEST_BATCH - len(batch))
        return batch + _take(self._promised, LARGEST_BATCH - len(batch))

    async def _write(self, connection: Connection, batch: list[Waiting]) -> None:
        started = time.monotonic()
        conflicts = 0
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
            self._gauge.batch(
                len(batch), time.monotonic() - started, conflicts, commit_seconds=self._append_seconds,
                queued=self.queued, longest_wait=started - min(waiting.since for waiting in batch),
            )  # fmt: skip

    async def _attempt(self, connection: Connection, batch: list[Waiting]) -> list[Outcome | Exception]:
        await self._catch_up(connection)
        reading = Round(self._log, connection, self._folded, self._catalogue)
        decided = await decide_all([waiting.envelope for waiting in batch], self._handlers, reading)
        if not decided.batch.commands:
            return decided.outcomes_at(self._folded.position)
        began = time.monotonic()
        base_position, recorded_at = await self._log.append(connection, decided.batch)
        self._append_seconds = time.monotonic() - began
        last_position = base_position + len(decided.batch.events)
        self._folded.settle(reading.working.changed, base_position, last_position, recorded_at)
        return decided.outcomes_at(base_position)

    async def _catch_up(self, connection: Connection) -> None:
        """Look at the clocks, and start afresh at the head when the others wrote a lot meanwhile. Raises Unavailable."""
        now = time.monotonic()
        if self._folded.position and now - self._read_at < LOOK_AGAIN_SECONDS:
            return
        head, recorded_at, database_now = await self._log.stand(connection)
        ahead = (self._machine.now() - database_now).total_seconds()
        if ahead > FARTHEST_AHEAD_SECONDS:
            message = f"this machine's clock is {ahead:.0f} s ahead of the ledger's: set it right (NTP); nothing was written"
            raise Unavailable(message, retry_after=60)
        self._read_at = now
        if head - self._folded.position > FARTHEST_BEHIND or self._folded.position == 0:
            self._folded.start_at(head)
        if recorded_at is not None:
            self._folded.recorded_at = max(self._folded.recorded_at, recorded_at)


class Trouble:
    """How long the database has been away for one batch, and how long to wait before the next try."""

    def __init__(self) -> None:
        self._deadline = 0.0
        self._pause = 0.05

    async def pause(self) -> bool:
        """Wait before the next try, longer each time; tell whether there is to be one."""
        now = time.monotonic()
        self._deadline = self._deadline or now + PATIENCE_SECONDS
        if now + self._pause > self._deadline:
            return False
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, 1.0)
        return True


def _take(queue: deque[Waiting], most: int) -> list[Waiting]:
    """Take from the front, leaving out those who have gone."""
    taken: list[Waiting] = []
    while queue and len(taken) < most:
        waiting = queue.popleft()
        if not waiting.answer.done():
            taken.append(waiting)
    return taken


def _fail(batch: list[Waiting], failure: Exception) -> list[Waiting]:
    """Tell everybody in a batch that it failed; nobody is left."""
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(failure)
    return []
