"""A read model in PostgreSQL: generations and positions of the models that live as tables beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

from psycopg import sql

from ledger.log import Connection
from ledger.schema import schema_name

TABLES = """
CREATE TABLE IF NOT EXISTS {schema}.models (
    name text NOT NULL,
    generation integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    live boolean NOT NULL DEFAULT false,
    PRIMARY KEY (name, generation)
);
INSERT INTO {schema}.models VALUES ('reservations', 1, 0, true), ('due', 1, 0, true) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS {schema}.reservations (
    generation integer NOT NULL,
    reservation_id uuid NOT NULL,
    state text NOT NULL,
    confirmation_code text NOT NULL,
    arrival date NOT NULL,
    departure date NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (generation, reservation_id)
);
CREATE INDEX IF NOT EXISTS reservations_arrival ON {schema}.reservations (generation, arrival);
CREATE TABLE IF NOT EXISTS {schema}.due (
    generation integer NOT NULL,
    rule text NOT NULL,
    subject uuid NOT NULL,
    due_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    position bigint NOT NULL,
    PRIMARY KEY (generation, rule, subject)
);
CREATE INDEX IF NOT EXISTS due_at ON {schema}.due (generation, due_at);
"""


def creation(property_code: str) -> sql.Composed:
    """Give the statements that create a property's tables of read models, or leave them as they are."""
    return sql.SQL(TABLES).format(schema=sql.Identifier(schema_name(property_code)))


class Table(NamedTuple):
    """A table of a model: its name, and in SQL what identifies a row and what of it must be equal in two generations."""

    name: str
    key: LiteralString
    value: LiteralString


class PostgresModel:
    """Generations and positions of one named model of one property."""

    def __init__(self, property_code: str, name: str) -> None:
        self.name = name
        self.schema = sql.Identifier(schema_name(property_code))
        self._statements: dict[str, bytes] = {}

    def statement(self, text: LiteralString) -> bytes:
        """Put the property's schema into a statement; each is written out once."""
        if text not in self._statements:
            self._statements[text] = sql.SQL(text).format(schema=self.schema).as_bytes(None)
        return self._statements[text]

    async def live(self, connection: Connection) -> int:
        """Give the live generation; 1 when none was switched to yet."""
        found = await connection.execute(
            self.statement("SELECT generation FROM {schema}.models WHERE name = %s AND live"), [self.name]
        )
        row = await found.fetchone()
        return row[0] if row else 1

    async def position(self, connection: Connection, generation: int) -> int:
        """Give the position that a generation has reached; 0 when it is empty."""
        found = await connection.execute(
            self.statement("SELECT position FROM {schema}.models WHERE name = %s AND generation = %s"), [self.name, generation]
        )
        row = await found.fetchone()
        return row[0] if row else 0

    async def advance(self, connection: Connection, generation: int, before: int, after: int) -> bool:
        """Move the position inside the caller's transaction when it stands at `before`; tell whether it did.

        That transaction is not waited for until it is on disk: a model that a crash throws back is followed up again.
        """
        move = self.statement(
            "UPDATE {schema}.models SET position = %s WHERE name = %s AND generation = %s AND position = %s"
            " RETURNING set_config('synchronous_commit', 'off', true)"
        )
        moved = await connection.execute(move, [after, self.name, generation, before])
        if moved.rowcount == 0 and before == 0:
            begun = self.statement("INSERT INTO {schema}.models (name, generation) VALUES (%s, %s) ON CONFLICT DO NOTHING")
            await connection.execute(begun, [self.name, generation])
            moved = await connection.execute(move, [after, self.name, generation, before])
        return moved.rowcount == 1

    async def switch(self, connection: Connection, generation: int) -> bool:
        """Make a generation the live one inside the caller's transaction, unless it is behind; tell whether it is live now."""
        found = await connection.execute(
            self.statement("SELECT generation, position, live FROM {schema}.models WHERE name = %s FOR UPDATE"), [self.name]
        )
        rows = await found.fetchall()
        reached = max((position for number, position, _ in rows if number == generation), default=0)
        if reached < max((position for _, position, live in rows if live), default=0):
            return False
        await connection.execute(
            self.statement("UPDATE {schema}.models SET live = (generation = %s) WHERE name = %s"), [generation, self.name]
        )
        return True

    async def prune(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Forget every generation but the live one, inside the caller's transaction."""
        live = await self.live(connection)
        for table in tables:
            remove = sql.SQL("DELETE FROM {}.{} WHERE generation <> %s").format(self.schema, sql.Identifier(table.name))
            await connection.execute(remove, [live])
        await connection.execute(
            self.statement("DELETE FROM {schema}.models WHERE name = %s AND generation <> %s"), [self.name, live]
        )

    async def differences(self, connection: Connection, table: Table, one: int, other: int) -> list[str]:
        """List the rows of a table that two generations hold otherwise."""
        side = sql.SQL("(SELECT {} AS key, {} AS value FROM {}.{} WHERE generation = %s)").format(
            sql.SQL(table.key), sql.SQL(table.value), self.schema, sql.Identifier(table.name)
        )
        found = await connection.execute(
            sql.SQL(
                "SELECT coalesce(a.key, b.key)::text FROM {} AS a FULL JOIN {} AS b ON a.key = b.key"
                " WHERE (a.key IS NULL) <> (b.key IS NULL) OR a.value IS DISTINCT FROM b.value ORDER BY 1"
            ).format(side, side),
            [one, other],
        )
        return [key for (key,) in await found.fetchall()]
