"""Bookings as rows of a table, as people write them without an event store: two patterns, both correct.

`Serializable` is the case study's: look for an overlap and lock it, insert, and try again when the database says so.
`Exclude` leaves all of it to an exclusion constraint. The guest's details stand in the row as they are.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4

from psycopg import AsyncConnection, IsolationLevel, errors, sql

from ops.bench.callers import Book, Booked, Load
from ops.bench.draws import Draw, Draws, guest_of
from ops.bench.site import Site

TABLE = """
CREATE TABLE {table} (
    booking_id uuid PRIMARY KEY,
    room integer NOT NULL,
    arrival date NOT NULL,
    departure date NOT NULL CHECK (departure > arrival),
    guest_name text NOT NULL,
    guest_email text NOT NULL,
    guest_phone text NOT NULL,
    guest_country text NOT NULL,
    guest_language text NOT NULL,
    guest_requests text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
INSERT = """
INSERT INTO {table} (booking_id, room, arrival, departure,
    guest_name, guest_email, guest_phone, guest_country, guest_language, guest_requests)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
OVERLAPPING = "SELECT booking_id FROM {table} WHERE room = %s AND arrival < %s AND departure > %s FOR UPDATE NOWAIT"
TWICE = """
SELECT count(*) FROM (
    SELECT arrival < lag(departure) OVER (PARTITION BY room ORDER BY arrival) AS doubled FROM {table}
) AS neighbours WHERE doubled
"""
TRY_AGAIN = (errors.SerializationFailure, errors.LockNotAvailable, errors.DeadlockDetected)
"""SQLSTATE 40001, 55P03, 40P01."""


@dataclass
class PlainSql(Load):
    """Books rows of the table `bookings` in a schema of its own, one connection a caller."""

    guards: ClassVar[tuple[str, ...]]
    """Statements that make the table's index or constraint."""

    database_url: str
    schema: str
    insert: bytes = b""
    insert_if_free: bytes = b""
    overlapping: bytes = b""
    tried_again: int = field(default=0, compare=False)

    @classmethod
    def created(cls, site: Site) -> Self:
        """Make the table, empty."""
        load = cls(site.database_url, site.new_schema())
        load.insert, load.overlapping = load.statement(INSERT), load.statement(OVERLAPPING)
        load.insert_if_free = load.statement(INSERT + "ON CONFLICT DO NOTHING")
        with site.connect() as connection:
            connection.execute("SET client_min_messages = error")
            connection.execute(sql.SQL("SET search_path = {}, public").format(sql.Identifier(load.schema)))
            for text in (TABLE, *cls.guards):
                connection.execute(load.statement(text))
        return load

    @abstractmethod
    async def book(self, connection: AsyncConnection, draw: Draw) -> UUID | None:
        """Make one booking on a connection: its id, or nothing when the stay is taken."""

    async def prepare(self, connection: AsyncConnection) -> None:
        """Set a caller's connection up; the patience that our own role has is not a peer's."""
        await connection.set_autocommit(True)
        await connection.execute("SET lock_timeout = 0")
        connection.prepare_threshold = 1

    @asynccontextmanager
    async def opened(self, draws: Draws, callers: int) -> AsyncIterator[Book]:
        """Connect every caller."""
        async with AsyncExitStack() as stack:
            connections = []
            for _ in range(callers):
                connections.append(await stack.enter_async_context(await AsyncConnection.connect(self.database_url)))
                await self.prepare(connections[-1])
            coming = iter(draws)

            async def book(caller: int) -> Booked | None:
                draw = next(coming)
                booking_id = await self.book(connections[caller], draw)
                return None if booking_id is None else (booking_id, draw.number)

            yield book

    def statement(self, text: str) -> bytes:
        """Put the table's name into a statement."""
        return sql.SQL(text).format(table=sql.Identifier(self.schema, "bookings")).as_string().encode()

    def row(self, draw: Draw) -> list[Any]:
        """Give the columns of a new booking, its id first."""
        return [uuid4(), draw.room, draw.arrival, draw.departure, *guest_of(draw.number).values()]

    def counters(self) -> dict[str, float]:
        """Tell how many transactions were tried again."""
        return {"tried again": self.tried_again}

    def found(self, site: Site) -> tuple[int, int]:
        """Count the bookings in the table, and those that overlap another."""
        with site.connect() as connection:
            rows = connection.execute(self.statement("SELECT count(*) FROM {table}")).fetchone()
            twice = connection.execute(self.statement(TWICE)).fetchone()
        return (rows[0] if rows else 0), (twice[0] if twice else 0)


class Serializable(PlainSql):
    """SERIALIZABLE, SELECT … FOR UPDATE NOWAIT over the overlap, INSERT; tried again until the database agrees."""

    guards = ("CREATE INDEX ON {table} (room, arrival)",)

    async def prepare(self, connection: AsyncConnection) -> None:
        """Make every transaction of the connection serializable."""
        await super().prepare(connection)
        await connection.set_isolation_level(IsolationLevel.SERIALIZABLE)

    async def book(self, connection: AsyncConnection, draw: Draw) -> UUID | None:
        """Look, insert, commit; from the start again after a conflict."""
        row = self.row(draw)
        while True:
            try:
                async with connection.transaction():
                    found = await connection.execute(self.overlapping, [draw.room, draw.departure, draw.arrival])
                    if await found.fetchone() is not None:
                        return None
                    await connection.execute(self.insert, row)
            except TRY_AGAIN:
                self.tried_again += 1
            else:
                return row[0]  # type: ignore[no-any-return]  # the first column is the id


class Exclude(PlainSql):
    """One INSERT a booking; an exclusion constraint refuses overlaps."""

    guards = (
        "CREATE EXTENSION IF NOT EXISTS btree_gist",
        "ALTER TABLE {table} ADD EXCLUDE USING gist (room WITH =, daterange(arrival, departure) WITH &&)",
    )

    async def book(self, connection: AsyncConnection, draw: Draw) -> UUID | None:
        """Insert; the constraint decides."""
        row = self.row(draw)
        while True:
            try:
                await connection.execute(self.insert, row)
            except errors.ExclusionViolation:
                return None
            except errors.DeadlockDetected:
                self.tried_again += 1
            else:
                return row[0]  # type: ignore[no-any-return]  # the first column is the id


class ExcludeInCrowds(Exclude):
    """The same for a stay that everybody wants: inserts that meet would deadlock, and wait a second each for that."""

    async def book(self, connection: AsyncConnection, draw: Draw) -> UUID | None:
        """Insert unless something overlaps."""
        row = self.row(draw)
        inserted = await connection.execute(self.insert_if_free, row)
        return row[0] if inserted.rowcount else None
