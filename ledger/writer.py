"""The group-commit writer: whatever waits is read, decided in order and appended together, with one commit.

While one batch commits, the next one fills; there is no timer, so a lone command is not delayed. A loser, an undecidable
command or a handler's bug never fails its neighbours. After a lost connection the batch is tried again: recorded command
ids answer for what was committed before the connection broke.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg_pool import PoolTimeout

from ledger.batch import Decided, Round, decide_all
from ledger.clock import Clock
from ledger.command import Command, Envelope, Handler, Outcome
from ledger.folded import FARTHEST_BEHIND, Folded, Stream
from ledger.log import Conflict, Connection, Log
from ledger.refusal import Unavailable
from ledger.waiting import LARGEST_BATCH, Queue, Waiting

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from ledger.catalogue import Catalogue

logger = logging.getLogger(__name__)

ENOUGH_TO_DECIDE_AHEAD = LARGEST_BATCH // 2
"""When so many wait the next batch is decided while one commits, on a second connection; else they wait for its end."""
NOTHING_UNDERWAY: Mapping[int, Stream] = {}

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


@dataclass(slots=True, eq=False)
class Flight:
    """A decided batch on its way into the log, and the streams as it leaves them."""

    batch: list[Waiting]
    decided: Decided
    changed: dict[int, Stream]
    started: float
    conflicts: int = 0


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
        self._queue = Queue()
        self._taken: list[Waiting] = []
        self._trouble = Trouble()
        self._read_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """How many commands wait."""
        return len(self._queue)

    async def submit(self, envelope: Envelope) -> Outcome:
        """Decide a command and make the outcome durable. Raises Unavailable; refusals come as outcomes."""
        answer = self._queue.put(envelope)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name=f"writer {self._log.property_code}")
        # A timer of our own: what asyncio offers for this costs as much as validating the command.
        patience = asyncio.get_running_loop().call_later(LONGEST_WAIT_SECONDS, _give_up, answer)
        try:
            return await answer
        finally:
            patience.cancel()

    async def _drain(self) -> None:
        """Write until nothing has come for a moment. Who was taken and not answered is tried again, or told what failed."""
        while batch := self._unanswered() or self._take():
            try:
                async with AsyncExitStack() as lent:
                    await self._write(batch, lent)
            except psycopg.errors.LockNotAvailable:
                self._fail(Unavailable("the ledger is busy with another writer: try again in a moment"))
            except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout, PoolTimeout) as lost:
                self._folded.start_at(0)
                if not await self._trouble.pause():
                    logger.warning("%d commands were given up: %s", len(self._unanswered()), type(lost).__name__)
                    self._fail(Unavailable(NOT_KNOWN, retry_after=5))
            except Unavailable as failure:
                self._fail(failure)
            except Exception as failure:
                # The second try settles before its commit: what was folded may never have become true.
                self._folded.start_at(0)
                logger.exception("a batch of %d commands could not be decided", len(batch))
                self._fail(failure)

    async def _write(self, batch: list[Waiting], lent: AsyncExitStack) -> None:
        """Write batches as long as they come. While one commits, the next is decided when enough wait for it."""
        connection = await lent.enter_async_context(self._pool.connection(timeout=2))
        batch = [waiting for waiting in batch if not waiting.answer.done()]  # who gave up meanwhile was told so
        beside: Connection | None = None
        while batch:
            flight = await self._decide(connection, batch)
            while len(self._queue) >= ENOUGH_TO_DECIDE_AHEAD and (beside := beside or await self._second(lent)):
                flight = await self._land_and_decide_next(flight, connection, beside)
            await self._land(flight, connection)
            await asyncio.sleep(0)  # those who were just answered may have the next command ready
            await self._queue.arrival(LINGER_SECONDS)
            batch = self._take()

    async def _second(self, lent: AsyncExitStack) -> Connection | None:
        """Borrow one more connection, when one is free."""
        try:
            return await lent.enter_async_context(self._pool.connection(timeout=0.05))
        except PoolTimeout:
            return None

    async def _land_and_decide_next(self, flight: Flight, connection: Connection, beside: Connection) -> Flight:
        """Append a batch and meanwhile decide the next, as if the first were in the log already; give the next."""
        batch = self._take()
        landed, following = await asyncio.gather(
            self._append(flight, connection), self._decide(beside, batch, flight.changed), return_exceptions=True
        )
        if isinstance(landed, Conflict):
            await self._append_under_lock(flight, connection)
            return await self._decide(connection, batch)
        for failure in (landed, following):
            if isinstance(failure, BaseException):
                raise failure
        assert isinstance(following, Flight)  # noqa: S101 - it is no failure, so it is what was asked for
        await asyncio.sleep(0)
        return following

    async def _land(self, flight: Flight, connection: Connection) -> None:
        try:
            await self._append(flight, connection)
        except Conflict:
            await self._append_under_lock(flight, connection)

    async def _append_under_lock(self, flight: Flight, connection: Connection) -> None:
        """Decide and append once more, holding the ledger's lock from before the reading, so that nobody is first again."""
        async with connection.transaction():
            await self._log.lock(connection)
            again = await self._decide(connection, flight.batch)
            results, seconds = await self._in_the_log(again, connection)
        again.started, again.conflicts = flight.started, 1
        self._answer(again, results, seconds)

    async def _append(self, flight: Flight, connection: Connection) -> None:
        results, seconds = await self._in_the_log(flight, connection)
        self._answer(flight, results, seconds)

    async def _decide(
        self, connection: Connection, batch: list[Waiting], underway: Mapping[int, Stream] = NOTHING_UNDERWAY
    ) -> Flight:
        """Decide a batch on what the log says, with the streams that an earlier batch is just changing on top."""
        started = time.monotonic()
        await self._catch_up(connection)
        reading = Round(self._log, connection, self._folded, self._catalogue, underway)
        decided = await decide_all([waiting.envelope for waiting in batch], self._handlers, reading)
        return Flight(batch, decided, reading.working.changed, started)

    async def _in_the_log(self, flight: Flight, connection: Connection) -> tuple[list[Outcome | Exception], float]:
        """Append and give the results, and the seconds that it took. Raises Conflict."""
        decided = flight.decided
        if not decided.batch.commands:
            return decided.outcomes_at(self._folded.position), 0.0
        began = time.monotonic()
        base_position, recorded_at = await self._log.append(connection, decided.batch)
        self._folded.settle(flight.changed, base_position, base_position + len(decided.batch.events), recorded_at)
        return decided.outcomes_at(base_position), time.monotonic() - began

    def _answer(self, flight: Flight, results: list[Outcome | Exception], commit_seconds: float) -> None:
        for waiting, result in zip(flight.batch, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Outcome):
                waiting.answer.set_result(result)
            else:
                waiting.answer.set_exception(result)
        self._folded.forget_some()
        self._trouble = Trouble()
        if self._gauge is not None:
            self._gauge.batch(
                len(flight.batch), time.monotonic() - flight.started, flight.conflicts, commit_seconds=commit_seconds,
                queued=len(self._queue), longest_wait=flight.started - min(waiting.since for waiting in flight.batch),
            )  # fmt: skip

    def _take(self) -> list[Waiting]:
        """Take the next batch from the queue; it is ours until it is answered."""
        batch = self._queue.take()
        self._taken = self._unanswered() + batch
        return batch

    def _unanswered(self) -> list[Waiting]:
        return [waiting for waiting in self._taken if not waiting.answer.done()]

    def _fail(self, failure: Exception) -> None:
        """Tell everybody who was taken and not answered."""
        for waiting in self._unanswered():
            waiting.answer.set_exception(failure)
        self._trouble = Trouble()

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


def _give_up(answer: asyncio.Future[Outcome]) -> None:
    """Tell a caller who has waited long enough that it is not known what becomes of the command."""
    if not answer.done():
        answer.set_exception(Unavailable(NOT_KNOWN, retry_after=5))


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
