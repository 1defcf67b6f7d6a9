"""One writer with everything that it is given: a log and a pool in memory that do as they are told, and a clock.

For the writer's own tests; `tests/memory_log.py` is what a log does by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from psycopg_pool import PoolTimeout

from aggregates.payment import Payment
from ledger.clock import Clock
from ledger.command import Change, Command, Decision, Envelope, Handler, Known, Urgency
from ledger.log import Batch, Connection, Reading
from ledger.writer import Writer
from tests.examples import CODE, NOW, named
from tests.memory_log import MemoryLog, MemoryPool
from tests.reception import CATALOGUE

STREAM = named("stream")
POKED = Payment.Poked(reservation_id=named("r"), source="", vendor_event_id="", kind="")


class Note(Command):
    """Write so many events to one stream."""

    events: int = 1


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    return [STREAM]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    return Decision(changes=[Change(STREAM, POKED)] * envelope.asks(Note).events, answer={"now": now})


HANDLERS: dict[type[Command], Handler] = {Note: Handler(reads, decide)}


def note(name: str, urgency: Urgency = Urgency.GUEST, *, at: datetime = NOW, events: int = 1) -> Envelope:
    return Envelope(
        command=Note(events=events), command_id=named(name), property_code=CODE, actor=name, occurred_at=at,
        fingerprint=b"", urgency=urgency,
    )  # fmt: skip


class Told(MemoryLog):
    """A log in memory that raises `faults`, one an append, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(CODE)
        self.faults: list[Exception | None] = []
        self.before_read: list[Callable[[], Awaitable[object]] | None] = []
        self.batches: list[list[str]] = []
        self.counts: list[list[tuple[str, int]]] = []
        self.guards: list[dict[UUID, int]] = []
        self.read_after: list[int] = []
        self.seconds = 0.0
        self.asked: list[str] = []
        self.recorded_at: datetime | None = None
        self.looks = 0

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        _must_be_lent(connection)
        self.asked.append("append")
        await asyncio.sleep(self.seconds)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        self.batches.append([command[5] for command in batch.commands])
        self.counts.append([(command[5], command[1]) for command in batch.commands])
        self.guards.append(batch.guards)
        self.asked.append("appended")
        return await super().append(connection, batch)

    async def lock(self, connection: Connection) -> None:
        _must_be_lent(connection)
        self.asked.append("lock")
        await super().lock(connection)

    async def read(
        self, connection: Connection, after: int, streams: Iterable[UUID], command_ids: Iterable[UUID] = ()
    ) -> Reading:
        _must_be_lent(connection)
        self.asked.append("read")
        self.read_after.append(after)
        if self.before_read and (act := self.before_read.pop(0)) is not None:
            await act()
        return await super().read(connection, after, streams, command_ids)

    async def stand(self, connection: Connection) -> tuple[int, datetime | None, datetime]:
        _must_be_lent(connection)
        self.looks += 1
        return len(self.rows), self.recorded_at, NOW


def _must_be_lent(connection: object) -> None:
    assert isinstance(connection, MemoryPool), "the log works on a connection that the pool has lent"


class Machine(Clock):
    """The clock of a machine, so many seconds ahead of the database's."""

    ahead = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.ahead_at_look: dict[int, float] = {}
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return NOW + timedelta(seconds=self.ahead_at_look.get(self.looks, self.ahead))


class CountingPool(MemoryPool):
    """Counts how often a connection is borrowed, and may have none."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.patience: list[float | None] = []

    borrowed = 0
    lent = 0
    most = 9
    fault: Exception | None = None

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[MemoryPool]:  # noqa: ASYNC109 - as psycopg_pool names it
        self.borrowed += 1
        self.patience.append(timeout)
        if self.fault is not None:
            raise self.fault
        if self.lent == self.most:
            message = "none left"
            raise PoolTimeout(message)
        self.lent += 1
        try:
            yield self
        finally:
            self.lent -= 1


class Desk:
    """One writer with everything that it is given."""

    def __init__(self, log: Told | None = None) -> None:
        self.log = log or Told()
        self.pool = CountingPool(self.log)
        self.machine = Machine()
        self.gauged: list[tuple[Any, ...]] = []
        self.writer = Writer(self.log, cast("Any", self.pool), CATALOGUE, HANDLERS, self, self.machine)

    def batch(self, commands: int, seconds: float, conflicts: int, **more: float) -> None:
        self.gauged.append((commands, seconds, conflicts, more))

    async def ask(self, *envelopes: Envelope) -> list[Any]:
        """Ask all at once; give outcomes or what was raised."""
        return await asyncio.gather(*map(self.writer.submit, envelopes), return_exceptions=True)

    def asks(self, *envelopes: Envelope) -> list[Any]:
        return asyncio.run(self.ask(*envelopes))


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def queue(promised: int, guests: int) -> list[Envelope]:
    """Give guests, who came first, and promised work."""
    return [
        *(note(name) for name in names("g", guests)),
        *(note(name, Urgency.PROMISED) for name in names("p", promised)),
    ]
