"""Reads events out of the log: whole streams, and the log in order, decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from ledger.catalogue import Catalogue
from ledger.event import Recorded
from ledger.log import EVENT_COLUMNS, Connection, Log, Row, whole_commands
from ledger.schema import schema_name
from ledger.unreadable import Unreadable


class Streams:
    """The log of one property, for readers."""

    def __init__(self, log: Log, pool: AsyncConnectionPool[Connection], catalogue: Catalogue) -> None:
        self._log = log
        self._pool = pool
        self._catalogue = catalogue
        self._at = sql.SQL("SELECT {} FROM {}.events WHERE position = ANY(%s) ORDER BY position").format(
            sql.SQL(EVENT_COLUMNS), sql.Identifier(schema_name(log.property_code))
        )

    async def read(self, streams: Iterable[UUID]) -> list[Recorded]:
        """Give all events of some streams, in order of position. Raises Unreadable."""
        async with self._pool.connection() as connection:
            return self._decoded(await self._log.streams(connection, streams))

    async def at(self, positions: Iterable[int]) -> list[Recorded]:
        """Give the events at some positions, in order; a position beyond the end gives none. Raises Unreadable."""
        wanted = sorted(positions)
        if not wanted:
            return []
        async with self._pool.connection() as connection:
            found = await connection.execute(self._at, [wanted])
            return self._decoded([Row(*row) for row in await found.fetchall()])

    async def after(self, position: int, limit: int) -> list[Recorded]:
        """Give about `limit` events after a position, whole commands only.

        They end before an event that cannot be read; one that comes first raises Unreadable.
        """
        async with self._pool.connection() as connection:
            rows = await self._log.tail(connection, position, limit)
        events: list[Recorded] = []
        for row in rows:
            try:
                events.append(recorded(self._catalogue, row))
            except Unreadable:
                readable = whole_commands(rows[: len(events)])
                if not readable:
                    raise
                return events[: len(readable)]
        return events

    async def head(self) -> int:
        """Give the last position; 0 when nothing happened yet."""
        async with self._pool.connection() as connection:
            return (await self._log.head(connection))[0]

    async def age(self, position: int) -> float:
        """Say how many seconds ago an event was recorded, by the database's clock; 0 when there is none."""
        async with self._pool.connection() as connection:
            return await self._log.age(connection, position)

    def _decoded(self, rows: Sequence[Row]) -> list[Recorded]:
        return [recorded(self._catalogue, row) for row in rows]


def recorded(catalogue: Catalogue, row: Row) -> Recorded:
    """Decode a stored row. Raises Unreadable, which names the position."""
    return Recorded(
        position=row.position,
        stream=row.stream,
        version=row.version,
        event=catalogue.read(row),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        command_id=row.command_id,
        command_index=row.command_index,
        command_count=row.command_count,
        correlation_id=row.correlation_id,
        cause_position=row.cause_position,
        actor=row.actor,
        business_date=row.business_date,
    )
