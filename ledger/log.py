"""The log of one property in PostgreSQL: append in one call, read streams, tail in order. Knows bytes, not events' meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.json import decode
from msgspec.structs import replace
from psycopg import AsyncConnection, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from ledger.command import FINGERPRINT_BYTES, Outcome
from ledger.schema import schema_name

Connection = AsyncConnection[TupleRow]

EVENT_COLUMNS = (
    "position, stream, version, topic, payload, occurred_at, recorded_at,"
    " command_id, command_index, command_count, correlation_id, cause_position, actor, business_date"
)


class Row(Struct, frozen=True):
    """A stored event as it stands in the table."""

    position: int
    stream: UUID
    version: int
    topic: str
    payload: bytes
    occurred_at: datetime
    recorded_at: datetime
    command_id: UUID | None
    command_index: int
    command_count: int
    correlation_id: UUID | None
    cause_position: int | None
    actor: str
    business_date: date | None


class Conflict(Exception):
    """Another writer was there first: a stream, a guard or a command id that the batch relied on has moved on."""


@dataclass
class Batch:
    """All that one append writes, as columns. `commands` and `last_events` count from 1 within the batch."""

    guards: dict[UUID, int] = field(default_factory=dict)
    events: list[tuple[UUID, int, str, bytes, int, int]] = field(default_factory=list)
    commands: list[tuple[UUID | None, int, datetime, UUID | None, int | None, str, date | None]] = field(default_factory=list)
    outcomes: list[tuple[bytes | None, int, bytes]] = field(default_factory=list)


def append_statement(property_code: str) -> sql.Composed:
    """Give the statement that appends a batch, all or nothing; its parameters are `columns_of` the batch."""
    return sql.SQL(
        "SELECT base_position, stamp FROM {schema}.append(%s::uuid[], %s::integer[],"
        " %s::uuid[], %s::integer[], %s::text[], %s::bytea[], %s::integer[], %s::integer[],"
        " %s::uuid[], %s::integer[], %s::timestamptz[], %s::uuid[], %s::bigint[], %s::text[], %s::date[],"
        " %s::bytea[], %s::integer[], %s::bytea[])"
    ).format(schema=sql.Identifier(schema_name(property_code)))


class Log:
    """Reads and appends on a connection that the caller lends; every statement names the property's schema."""

    def __init__(self, property_code: str) -> None:
        schema = sql.Identifier(schema_name(property_code))
        self.property_code = property_code
        self._append = append_statement(property_code)
        columns = sql.SQL(EVENT_COLUMNS)
        self._lock = sql.SQL("SELECT 1 FROM {schema}.ledger FOR NO KEY UPDATE").format(schema=schema)
        self._read = sql.SQL(
            "SELECT {columns} FROM {schema}.events WHERE position > %(after)s"
            " UNION ALL SELECT {columns} FROM {schema}.events WHERE stream = ANY(%(streams)s) AND position <= %(after)s"
            " UNION ALL SELECT position, command_id, 0, '', fingerprint || outcome, recorded_at, recorded_at,"
            " command_id, 0, 0, NULL, NULL, actor, NULL FROM {schema}.outcomes WHERE command_id = ANY(%(command_ids)s)"
            " ORDER BY position"
        ).format(schema=schema, columns=columns)
        self._streams = sql.SQL("SELECT {columns} FROM {schema}.events WHERE stream = ANY(%s) ORDER BY position").format(
            schema=schema, columns=columns
        )
        self._tail = sql.SQL("SELECT {columns} FROM {schema}.events WHERE position > %s ORDER BY position LIMIT %s").format(
            schema=schema, columns=columns
        )
        self._age = sql.SQL(
            "SELECT extract(epoch FROM clock_timestamp() - recorded_at)::float8 FROM {schema}.events WHERE position = %s"
        ).format(schema=schema)
        self._head = sql.SQL("SELECT position, recorded_at FROM {schema}.events ORDER BY position DESC LIMIT 1").format(
            schema=schema
        )

    async def lock(self, connection: Connection) -> None:
        """Take the ledger's lock for the transaction that `connection` is in."""
        await connection.execute(self._lock)

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        """Write a batch, all or nothing. Give the position before its first event and its recorded_at. Raises Conflict."""
        try:
            cursor = await connection.execute(self._append, columns_of(batch))
        except UniqueViolation as violation:
            raise Conflict from violation
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101 - the function returns exactly one row
        return row[0], row[1]

    async def read(
        self, connection: Connection, after: int, streams: Iterable[UUID], command_ids: Iterable[UUID] = ()
    ) -> tuple[list[Row], dict[UUID, tuple[bytes, Outcome]]]:
        """Give, as of one moment: everything after a position with the whole of `streams`, and recorded outcomes.

        Events come in order of position; outcomes come with the fingerprint of their command's content.
        """
        wanted = {"after": after, "streams": list(streams), "command_ids": list(command_ids)}
        cursor = await connection.execute(self._read, wanted, prepare=True)
        rows = [Row(*row) for row in await cursor.fetchall()]
        events = [row for row in rows if row.command_count > 0]
        return events, {row.stream: _outcome(row) for row in rows if row.command_count == 0}

    async def streams(self, connection: Connection, streams: Iterable[UUID]) -> list[Row]:
        """Give the whole of `streams`, in order of position."""
        cursor = await connection.execute(self._streams, (list(streams),), prepare=True)
        return [Row(*row) for row in await cursor.fetchall()]

    async def tail(self, connection: Connection, after: int, limit: int) -> list[Row]:
        """Give about `limit` events after a position, in order, never a part of a command."""
        while True:
            cursor = await connection.execute(self._tail, (after, limit), prepare=True)
            rows = [Row(*row) for row in await cursor.fetchall()]
            whole = whole_commands(rows) if len(rows) == limit else rows
            if whole or not rows:
                return whole
            limit *= 4

    async def head(self, connection: Connection) -> tuple[int, datetime | None]:
        """Give the last position (0 when empty) and its recorded_at."""
        row = await (await connection.execute(self._head, prepare=True)).fetchone()
        return (row[0], row[1]) if row else (0, None)

    async def age(self, connection: Connection, position: int) -> float:
        """Give the seconds since an event was recorded; 0 when there is none."""
        row = await (await connection.execute(self._age, [position], prepare=True)).fetchone()
        return max(0.0, row[0]) if row else 0.0


def whole_commands(rows: list[Row]) -> list[Row]:
    """Cut off a command at the end of which not all events are here."""
    last = len(rows)
    while last and rows[last - 1].command_index + 1 < rows[last - 1].command_count:
        last -= 1
    return rows[:last]


def _outcome(row: Row) -> tuple[bytes, Outcome]:
    fingerprint, body = row.payload[:FINGERPRINT_BYTES], row.payload[FINGERPRINT_BYTES:]
    return fingerprint, replace(decode(body, type=Outcome), position=row.position)


def columns_of(batch: Batch) -> tuple[list[Any], ...]:
    """Give a batch as the append function takes it."""
    return (
        list(batch.guards),
        list(batch.guards.values()),
        *_turned(batch.events, 6),
        *_turned(batch.commands, 7),
        *_turned(batch.outcomes, 3),
    )


def _turned(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
