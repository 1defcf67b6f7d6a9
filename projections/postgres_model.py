"""A read model in PostgreSQL: generations and positions of the models that live as tables beside the log."""

from __future__ import annotations

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


class PostgresModel:
    """Generations and positions of one named model of one property."""

    def __init__(self, property_code: str, name: str) -> None:
        self.name = name
        self.schema = sql.Identifier(schema_name(property_code))

    def statement(self, text: str) -> sql.Composed:
        """Put the property's schema into a statement."""
        return sql.SQL(text).format(schema=self.schema)

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
        """Move the position inside the caller's transaction when it stands at `before`; tell whether it did."""
        await connection.execute(
            self.statement("INSERT INTO {schema}.models (name, generation) VALUES (%s, %s) ON CONFLICT DO NOTHING"),
            [self.name, generation],
        )
        moved = await connection.execute(
            self.statement("UPDATE {schema}.models SET position = %s WHERE name = %s AND generation = %s AND position = %s"),
            [after, self.name, generation, before],
        )
        return moved.rowcount == 1

    async def switch(self, connection: Connection, generation: int) -> None:
        """Make a generation the live one."""
        await connection.execute(
            self.statement("UPDATE {schema}.models SET live = (generation = %s) WHERE name = %s"), [generation, self.name]
        )

    async def drop(self, connection: Connection, table: str, generation: int) -> None:
        """Forget a generation."""
        remove = sql.SQL("DELETE FROM {}.{} WHERE generation = %s").format(self.schema, sql.Identifier(table))
        await connection.execute(remove, [generation])
        await connection.execute(
            self.statement("DELETE FROM {schema}.models WHERE name = %s AND generation = %s"), [self.name, generation]
        )
