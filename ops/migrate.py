"""Brings the schema up to date: the shared tables, and each property's ledger and read models. Safe to run again."""

from __future__ import annotations

from psycopg import AsyncConnection, sql

from ledger.schema import creation as ledger_creation
from projections.postgres_model import creation as models_creation
from queries.access import TABLES, Listed

LOCK_TIMEOUT = "2s"
"""How long a writer waits for its turn before it answers 503; set on the role, not in sessions."""


async def migrate(database_url: str) -> list[str]:
    """Create or update everything; give the codes of the properties that are up to date."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(sql.SQL("ALTER ROLE CURRENT_USER SET lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
        await connection.execute("SET lock_timeout = '30s'")
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('nightledger migrate'))")
            await connection.execute(TABLES)
            found = await connection.execute("SELECT code FROM nightledger.properties ORDER BY opened_at")
            codes = [code for (code,) in await found.fetchall()]
            for code in codes:
                await create_property(connection, code)
    return codes


async def create_property(connection: AsyncConnection, code: str) -> None:
    """Create a property's tables and functions, or leave them as they are. Raises ValueError for a bad code."""
    for statement in ledger_creation(code):
        await connection.execute(statement)
    await connection.execute(models_creation(code))


async def register(database_url: str, listed: Listed) -> None:
    """Create a property's schema and list it; one that is listed already stays as it is."""
    await migrate(database_url)
    async with await AsyncConnection.connect(database_url) as connection:
        await create_property(connection, listed.code)
        await connection.execute(
            "INSERT INTO nightledger.properties (code, time_zone, currency, scratch) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [listed.code, listed.time_zone, listed.currency, listed.scratch],
        )
