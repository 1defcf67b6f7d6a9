"""Unmet demand in PostgreSQL: who waits for a room, and who was turned away. The guest's details stay sealed in it.

What became of an offer is not here: it is a reservation, and the question joins it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

import msgspec
from psycopg import sql

from aggregates.turnaway import Turnaway
from aggregates.waitlist import Waitlist
from ledger.event import Recorded
from ledger.log import Connection
from ledger.schema import schema_name
from projections.postgres_model import PostgresModel, Table

NAME = "demand"
LOOKS_AT = frozenset({"waitlist", "turnaway"})
TABLES = (
    Table("waitlist", "entry_id", "state || coalesce(held_until::text, '') || document::text"),
    Table("turnaways", "turnaway_id", "reason || asked_on::text || arrival::text || departure::text || rooms::text"),
)
CREATION: LiteralString = """
INSERT INTO {schema}.models VALUES ('demand', 1, 0, true) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS {schema}.waitlist (
    generation integer NOT NULL,
    entry_id uuid NOT NULL,
    joined bigint NOT NULL,
    state text NOT NULL,
    room_type text NOT NULL,
    arrival date NOT NULL,
    departure date NOT NULL,
    held_until timestamptz,
    document jsonb NOT NULL,
    PRIMARY KEY (generation, entry_id)
);
CREATE TABLE IF NOT EXISTS {schema}.turnaways (
    generation integer NOT NULL,
    turnaway_id uuid NOT NULL,
    reason text NOT NULL,
    denied boolean NOT NULL,
    room_type text NOT NULL,
    arrival date NOT NULL,
    departure date NOT NULL,
    rooms integer NOT NULL,
    asked_on date NOT NULL,
    PRIMARY KEY (generation, turnaway_id)
);
CREATE INDEX IF NOT EXISTS turnaways_asked ON {schema}.turnaways (generation, asked_on);
"""
JOIN = "INSERT INTO {schema}.waitlist VALUES (%s, %s, %s, 'waiting', %s, %s, %s, NULL, %s::jsonb) ON CONFLICT DO NOTHING"
END = "UPDATE {schema}.waitlist SET state = %s, held_until = %s WHERE generation = %s AND entry_id = %s"
TURN_AWAY = "INSERT INTO {schema}.turnaways VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"


def creation(property_code: str) -> sql.Composed:
    """Give the statements that create a property's tables of demand, or leave them as they are."""
    return sql.SQL(CREATION).format(schema=sql.Identifier(schema_name(property_code)))


class Demand:
    """Keeps the waitlist and the turnaways of one property."""

    def __init__(self, model: PostgresModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, connection: Connection, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions, all in one transaction; tell whether it stood at `before`."""
        async with connection.transaction():
            if not await self.model.advance(connection, generation, before, after):
                return False
            for recorded in batch:
                await self._take_over(connection, generation, recorded)
        return True

    async def _take_over(self, connection: Connection, generation: int, recorded: Recorded) -> None:
        statement = self.model.statement
        match recorded.event:
            case Waitlist.Joined() as entry:
                document = msgspec.json.encode(entry).decode()
                dates = (entry.dates.arrival, entry.dates.departure)
                columns = (generation, entry.entry_id, recorded.position, entry.room_type, *dates, document)
                await connection.execute(statement(JOIN), columns)
            case Waitlist.Offered(entry_id=entry_id, held_until=held_until):
                await connection.execute(statement(END), ("offered", held_until, generation, entry_id))
            case Waitlist.Left(entry_id=entry_id, reason=reason):
                await connection.execute(statement(END), (reason, None, generation, entry_id))
            case Turnaway.Recorded() as away:
                dates = (away.dates.arrival, away.dates.departure)
                columns_of = (generation, recorded.stream, away.reason, away.denied, away.room_type, *dates)
                await connection.execute(statement(TURN_AWAY), (*columns_of, away.rooms, away.asked_on))
