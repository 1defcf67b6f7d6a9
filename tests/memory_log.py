"""A ledger in memory with the semantics of the real one: positions without holes, unique versions, guards, command ids.

The real writer runs on it unchanged, so that thousands of decisions can be tried in seconds. PostgreSQL itself is tried in
`integration/ledger`; `integration/ledger/test_log_double.py` holds the two against each other.
"""
# ruff: noqa: ARG002 - the parameters are those of the real log and pool

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from msgspec.json import decode
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from ledger.command import Outcome
from ledger.log import Batch, Conflict, Connection, Log, Reading, Row, whole_commands

DAWN = datetime(2000, 1, 1, tzinfo=UTC)
"""What the double's own clock says, always: decisions happen at the edge's moment, as they do when clocks agree."""


class MemoryLog(Log):
    """The log of one property in two lists."""

    def __init__(self, property_code: str) -> None:
        super().__init__(property_code)
        self.rows: list[Row] = []
        self.outcomes: dict[UUID, tuple[bytes, bytes, int]] = {}
        self._turn = asyncio.Lock()
        self.conflicts = 0

    async def lock(self, connection: Connection) -> None:
        await self._turn.acquire()

    def unlock(self) -> None:
        if self._turn.locked():
            self._turn.release()

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        """Write a batch or raise Conflict, like `append` in `ledger/schema.py`."""
        await asyncio.sleep(0)
        stored = {(row.stream, row.version) for row in self.rows}
        versions: dict[UUID, int] = {}
        for stream, version in stored:
            versions[stream] = max(version, versions.get(stream, 0))
        moved = any(versions.get(stream, 0) != version for stream, version in batch.guards.items())
        if moved or _repeats([*stored, *(event[:2] for event in batch.events)]) or _repeats(self._ids_with(batch)):
            self.conflicts += 1
            raise Conflict
        base = len(self.rows)
        for number, event in enumerate(batch.events, base + 1):
            self.rows.append(_row(number, event, batch.commands[event[4] - 1]))
        for command, (fingerprint, last_event, outcome) in zip(batch.commands, batch.outcomes, strict=True):
            if fingerprint is not None:
                self.outcomes[cast("UUID", command[0])] = (fingerprint, outcome, base + last_event)
        return base, DAWN

    async def read(
        self, connection: Connection, after: int, streams: Iterable[UUID], command_ids: Iterable[UUID] = ()
    ) -> Reading:
        await asyncio.sleep(0)
        wanted = set(streams)
        news = [(row.stream.int, row.version) for row in self.rows[after:]]
        return Reading(
            rows=[row for row in self.rows if row.stream in wanted],
            news=news,
            head=len(self.rows) if news else after,
            recorded_at=DAWN if news else None,
            outcomes={found: self._outcome_of(found) for found in command_ids if found in self.outcomes},
        )

    async def streams(self, connection: Connection, streams: Iterable[UUID]) -> list[Row]:
        wanted = set(streams)
        return [row for row in self.rows if row.stream in wanted]

    async def tail(self, connection: Connection, after: int, limit: int) -> list[Row]:
        return whole_commands(self.rows[after : after + limit])

    async def stand(self, connection: Connection) -> tuple[int, datetime | None, datetime]:
        return len(self.rows), DAWN if self.rows else None, datetime.now(UTC)

    def _ids_with(self, batch: Batch) -> list[object]:
        return [
            *self.outcomes,
            *(command[0] for command, outcome in zip(batch.commands, batch.outcomes, strict=True) if outcome[0]),
        ]

    def _outcome_of(self, command_id: UUID) -> tuple[bytes, Outcome]:
        fingerprint, outcome, position = self.outcomes[command_id]
        return fingerprint, replace(decode(outcome, type=Outcome), position=position)


class MemoryPool:
    """Lends a connection that does nothing; its transaction ends the ledger's lock, as PostgreSQL's does."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    @classmethod
    def of(cls, log: MemoryLog) -> AsyncConnectionPool[Connection]:
        """Give a pool for the writer of `log`."""
        return cast("AsyncConnectionPool[Connection]", cls(log))

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[MemoryPool]:  # noqa: ASYNC109 - as psycopg_pool names it
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._log.unlock()


def _repeats(values: list[Any]) -> bool:
    return len(set(values)) < len(values)


def _row(position: int, event: tuple[UUID, int, str, bytes, int, int], command: tuple[Any, ...]) -> Row:
    stream, version, topic, payload, _, index = event
    command_id, count, occurred_at, correlation_id, cause_position, actor, business_date = command
    return Row(
        position, stream, version, topic, payload, occurred_at, DAWN, command_id, index, count,
        correlation_id, cause_position, actor, business_date,
    )  # fmt: skip
