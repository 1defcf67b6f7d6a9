"""A property's ledger in a real PostgreSQL, with as many processes' writers on it as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool

from ledger.log import Connection, Log, Row
from ledger.schema import creation, schema_name
from ledger.seal_tables import creation as seal_creation
from tests.reception import OPEN, Reception

LOCK_TIMEOUT = "500ms"


class Ledger:
    """An empty ledger under its own property code. Streams are those of the hotel of the examples."""

    def __init__(self, url: str, code: str) -> None:
        self.url = url
        self.code = code
        self.log = Log(code)

    def create(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in (*creation(self.code), seal_creation(self.code)):
                connection.execute(statement)

    def drop(self) -> None:
        self.damage("DROP SCHEMA {schema} CASCADE")

    def damage(self, statement: str) -> None:
        """Run a statement on the schema, as only tests may."""
        query = sql.SQL(statement).format(schema=sql.Identifier(schema_name(self.code)))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(query)

    @asynccontextmanager
    async def connection(self, *, autocommit: bool = True) -> AsyncIterator[Connection]:
        """Lend a connection beside those of the writers."""
        options = f"-c lock_timeout={LOCK_TIMEOUT}"
        async with await AsyncConnection.connect(self.url, autocommit=autocommit, options=options) as connection:
            yield connection

    @asynccontextmanager
    async def receptions(self, number: int = 1, log: Callable[[str], Log] = Log) -> AsyncIterator[list[Reception]]:
        """Open the hotel, and so many receptions, each with a writer and a pool of its own as processes have."""
        pools = [
            AsyncConnectionPool(
                self.url, min_size=1, max_size=3, open=False, num_workers=1, name=f"{self.code} {place}",
                kwargs={"autocommit": True, "options": f"-c lock_timeout={LOCK_TIMEOUT}"},
            )
            for place in range(number)
        ]  # fmt: skip
        opened: list[Reception] = []
        try:
            for pool in pools:
                await pool.open()
                opened.append(Reception(log(self.code), pool))
                await opened[-1].ask(OPEN)
            yield opened
        finally:
            for pool in pools:
                await pool.close()

    async def rows(self) -> list[Row]:
        """Give the whole log."""
        async with self.connection() as connection:
            return await self.log.tail(connection, 0, 100_000)
