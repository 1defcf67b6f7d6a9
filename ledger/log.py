"""The log of one property in PostgreSQL: append in one call, read streams, tail in order. Knows bytes, not events' meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from struct import Struct as Unpacker
from typing import Any, LiteralString
from uuid import UUID

from msgspec import Struct
from msgspec.json import decode
from msgspec.structs import replace
from psycopg import AsyncConnection, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from ledger import packed
from ledger.command import FINGERPRINT_BYTES, Outcome
from ledger.schema import schema_name

Connection = AsyncConnection[TupleRow]

EVENT_COLUMNS = (
    "position, stream, version, topic, payload, occurred_at, recorded_at,"
    " command_id, command_index, command_count, correlation_id, cause_position, actor, business_date"
)
OUTCOME = -1
"""Stands in the place of an event's version where a reading gives a recorded outcome; 0 where it gives the news."""

APPEND = (
    "SELECT base_position, stamp FROM {schema}.append(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
LOCK = "SELECT 1 FROM {schema}.ledger FOR NO KEY UPDATE"
# News are (stream, version) pairs in one value: what the other processes wrote concerns few of our streams, and a row each
# would cost more than everything else that is read.
READ = (
    "SELECT {columns} FROM {schema}.events WHERE stream = ANY(%s)"
    " UNION ALL SELECT max(position), NULL, 0, '', string_agg(uuid_send(stream) || int4send(version), ''), NULL,"
    " max(recorded_at), NULL, 0, 0, NULL, NULL, '', NULL FROM {schema}.events"
    " WHERE position > %s AND position <= %s"
    " UNION ALL SELECT position, command_id, -1, '', fingerprint || outcome, recorded_at, recorded_at,"
    " command_id, 0, 0, NULL, NULL, actor, NULL FROM {schema}.outcomes WHERE command_id = ANY(%s)"
    " ORDER BY position"
)
STREAMS = "SELECT {columns} FROM {schema}.events WHERE stream = ANY(%s) ORDER BY position"
TAIL = "SELECT {columns} FROM {schema}.events WHERE position > %s ORDER BY position LIMIT %s"
AGE = "SELECT extract(epoch FROM clock_timestamp() - recorded_at)::float8 FROM {schema}.events WHERE position = %s"
HEAD = (
    "SELECT last.position, last.recorded_at, clock_timestamp() FROM (VALUES (1)) AS one LEFT JOIN LATERAL"
    " (SELECT position, recorded_at FROM {schema}.events ORDER BY position DESC LIMIT 1) AS last ON true"
)
NEWS = Unpacker(">QQi")
MOST_NEWS = 1_000_000
"""More than anybody is ever behind. The upper end lets PostgreSQL know that few rows are meant, whatever its statistics say:
without it a table that was never analysed is read from end to end."""


class Row(Struct, frozen=True, gc=False):
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


def append_statement(property_code: str) -> bytes:
    """Give the statement that appends a batch, all or nothing; its parameters are `columns_of` the batch."""
    return _statement(APPEND, property_code)


def _statement(text: LiteralString, property_code: str) -> bytes:
    """Write a statement out once: composing it anew costs more than running it."""
    parts = {"schema": sql.Identifier(schema_name(property_code)), "columns": sql.SQL(EVENT_COLUMNS)}
    return sql.SQL(text).format(**parts).as_bytes(None)


class Reading(Struct, frozen=True):
    """What the log said at one moment, to somebody who was current as of an earlier position.

    `news` are the last (stream, version) pairs of every event after that position, streams as 128-bit numbers; outcomes come
    with the fingerprint of their command's content.
    """

    rows: list[Row]
    news: list[tuple[int, int]]
    head: int
    recorded_at: datetime | None
    outcomes: dict[UUID, tuple[bytes, Outcome]]


class Log:
    """Reads and appends on a connection that the caller lends; every statement names the property's schema."""

    def __init__(self, property_code: str) -> None:
        self.property_code = property_code
        self._append = append_statement(property_code)
        self._lock, self._read, self._streams, self._tail, self._age, self._head = (
            _statement(text, property_code) for text in (LOCK, READ, STREAMS, TAIL, AGE, HEAD)
        )

    async def lock(self, connection: Connection) -> None:
        """Take the ledger's lock for the transaction that `connection` is in."""
        await connection.execute(self._lock)

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        """Write a batch, all or nothing. Give the position before its first event and its recorded_at. Raises Conflict."""
        try:
            cursor = await connection.execute(self._append, columns_of(batch), prepare=True)
        except UniqueViolation as violation:
            raise Conflict from violation
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101 - the function returns exactly one row
        return row[0], row[1]

    async def read(
        self, connection: Connection, after: int, streams: Iterable[UUID], command_ids: Iterable[UUID] = ()
    ) -> Reading:
        """Give, as of one moment: the whole of `streams`, what moved after a position, and recorded outcomes."""
        cursor = connection.cursor(binary=True)
        await cursor.execute(
            self._read, (packed.uuids(streams), after, after + MOST_NEWS, packed.uuids(command_ids)), prepare=True
        )
        events: list[Row] = []
        outcomes: dict[UUID, tuple[bytes, Outcome]] = {}
        news, head, recorded_at = b"", after, None
        for each in await cursor.fetchall():
            row = Row(*each)
            if row.version > 0:
                events.append(row)
            elif row.version == OUTCOME:
                outcomes[row.stream] = _outcome(row)
            elif row.payload is not None:
                news, head, recorded_at = row.payload, row.position, row.recorded_at
        moved = [(high << 64 | low, version) for high, low, version in NEWS.iter_unpack(news)]
        return Reading(events, moved, head, recorded_at, outcomes)

    async def streams(self, connection: Connection, streams: Iterable[UUID]) -> list[Row]:
        """Give the whole of `streams`, in order of position."""
        return await self._rows(connection, self._streams, (packed.uuids(streams),))

    async def tail(self, connection: Connection, after: int, limit: int) -> list[Row]:
        """Give about `limit` events after a position, in order, never a part of a command."""
        while True:
            rows = await self._rows(connection, self._tail, (after, limit))
            whole = whole_commands(rows) if len(rows) == limit else rows
            if whole or not rows:
                return whole
            limit *= 4

    async def head(self, connection: Connection) -> tuple[int, datetime | None]:
        """Give the last position (0 when empty) and its recorded_at."""
        return (await self.stand(connection))[:2]

    async def stand(self, connection: Connection) -> tuple[int, datetime | None, datetime]:
        """Give the head, and the clock of the database."""
        row = await (await connection.execute(self._head, prepare=True)).fetchone()
        assert row is not None  # noqa: S101 - the statement returns exactly one row
        return row[0] or 0, row[1], row[2]

    async def age(self, connection: Connection, position: int) -> float:
        """Give the seconds since an event was recorded; 0 when there is none."""
        row = await (await connection.execute(self._age, [position], prepare=True)).fetchone()
        return max(0.0, row[0]) if row else 0.0

    async def _rows(self, connection: Connection, statement: bytes, parameters: tuple[Any, ...]) -> list[Row]:
        cursor = connection.cursor(binary=True)
        await cursor.execute(statement, parameters, prepare=True)
        return [Row(*row) for row in await cursor.fetchall()]


def whole_commands(rows: list[Row]) -> list[Row]:
    """Cut off a command at the end of which not all events are here."""
    last = len(rows)
    while last and rows[last - 1].command_index + 1 < rows[last - 1].command_count:
        last -= 1
    return rows[:last]


def _outcome(row: Row) -> tuple[bytes, Outcome]:
    fingerprint, body = row.payload[:FINGERPRINT_BYTES], row.payload[FINGERPRINT_BYTES:]
    return fingerprint, replace(decode(body, type=Outcome), position=row.position)


def columns_of(batch: Batch) -> tuple[packed.Packed, ...]:
    """Give a batch as the append function takes it."""
    streams, versions, topics, payloads, commands, indexes = _turned(batch.events, 6)
    ids, counts, occurred_ats, correlations, causes, actors, business_dates = _turned(batch.commands, 7)
    fingerprints, last_events, outcomes = _turned(batch.outcomes, 3)
    return (
        packed.uuids(batch.guards), packed.integers(batch.guards.values()),
        packed.uuids(streams), packed.integers(versions), packed.texts(topics), packed.blobs(payloads),
        packed.integers(commands), packed.integers(indexes),
        packed.uuids(ids), packed.integers(counts), packed.instants(occurred_ats), packed.uuids(correlations),
        packed.bigints(causes), packed.texts(actors), packed.dates(business_dates),
        packed.blobs(fingerprints), packed.integers(last_events), packed.blobs(outcomes),
    )  # fmt: skip


def _turned(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width
