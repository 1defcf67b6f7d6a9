"""Brings the schema up to date: the shared tables, and each property's ledger and read models. Safe to run again."""

from __future__ import annotations

from contextlib import suppress

from psycopg import AsyncConnection, OperationalError, errors, sql
from psycopg_pool import AsyncConnectionPool

from ledger.outcomes import creation as outcomes_creation
from ledger.schema import creation as ledger_creation
from ledger.seal_tables import creation as seal_creation
from ledger.tracking import creation as tracking_creation
from ops.settings import BadConfiguration
from projections.demand import creation as demand_creation
from projections.groups import creation as groups_creation
from projections.guests import creation as guests_creation
from projections.postgres_model import creation as models_creation
from queries.access import TABLES, Listed

SCHEMA_VERSION = 7
"""Raised with every change of the tables or functions; a schema that is there already is not touched again."""
ROLE_SETTINGS = {"lock_timeout": "2s", "idle_in_transaction_session_timeout": "5s"}
"""How long a writer waits for its turn before it answers 503, and how long a frozen one may keep the others waiting.

Set on the role, not in sessions: they hold behind a transaction-mode pooler too.
"""


async def migrate(database_url: str) -> list[str]:
    """Create or update everything; give the codes of the properties. Raises BadConfiguration for a newer schema."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        if await _version(connection) < SCHEMA_VERSION:
            await _update(connection)
        found = await connection.execute("SELECT code FROM nightledger.properties ORDER BY opened_at")
        return [code for (code,) in await found.fetchall()]


async def refuse_newer(pool: AsyncConnectionPool[AsyncConnection]) -> None:
    """Raise BadConfiguration when the schema is newer than this release. A server that is away just now is not waited for."""
    with suppress(OperationalError):
        async with pool.connection(timeout=2) as connection:
            await _version(connection)


async def _version(connection: AsyncConnection) -> int:
    try:
        row = await (await connection.execute("SELECT version FROM nightledger.schema_version")).fetchone()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return 0
    version: int = row[0] if row else 0
    if version > SCHEMA_VERSION:
        message = f"the database has schema version {version}, this release knows {SCHEMA_VERSION}: run the newer release"
        raise BadConfiguration(message)
    return version


async def _update(connection: AsyncConnection) -> None:
    for name, value in ROLE_SETTINGS.items():
        setting = sql.SQL("ALTER ROLE CURRENT_USER SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
        await connection.execute(setting)
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '30s'")
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('nightledger migrate'))")
        await connection.execute(TABLES)
        found = await connection.execute("SELECT code FROM nightledger.properties")
        for (code,) in await found.fetchall():
            await create_property(connection, code)
        await connection.execute(
            "INSERT INTO nightledger.schema_version (version) VALUES (%s)"
            " ON CONFLICT (only_row) DO UPDATE SET version = excluded.version",
            [SCHEMA_VERSION],
        )


async def create_property(connection: AsyncConnection, code: str) -> None:
    """Create a property's tables and functions, or leave them as they are. Raises ValueError for a bad code."""
    for statement in ledger_creation(code):
        await connection.execute(statement)
    await connection.execute(tracking_creation(code))
    await connection.execute(seal_creation(code))
    await connection.execute(outcomes_creation(code))
    await connection.execute(models_creation(code))
    await connection.execute(guests_creation(code))
    await connection.execute(groups_creation(code))
    await connection.execute(demand_creation(code))


async def register(database_url: str, listed: Listed) -> None:
    """Create a property's schema and list it; one that is listed already stays as it is."""
    if listed.code in await migrate(database_url):
        return
    async with await AsyncConnection.connect(database_url) as connection:
        await create_property(connection, listed.code)
        await list_property(connection, listed)


async def list_property(connection: AsyncConnection, listed: Listed) -> bool:
    """Put a property on the list unless it is there already; tell whether it was new."""
    added = await connection.execute(
        "INSERT INTO nightledger.properties (code, time_zone, currency, scratch) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [listed.code, listed.time_zone, listed.currency, listed.scratch],
    )
    return added.rowcount == 1
