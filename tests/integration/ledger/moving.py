"""Exports and imports of a test's ledger through the product's own functions, on one database: away, then back again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

from psycopg import AsyncConnection

from ops.catalogue import CATALOGUE
from ops.export import export, span
from ops.import_file import Readable
from ops.import_ledger import Imported, import_ledger
from ops.migrate import create_property, list_property, migrate
from ops.settings import Settings
from ops.wiring import Wiring, wired
from queries.access import Listed
from tests.integration.ledger.ledgers import Ledger


class Mover:
    """Somebody who takes a ledger away and brings it back."""

    def __init__(self, ledger: Ledger, wiring: Wiring) -> None:
        self.ledger = ledger
        self.wiring = wiring

    async def taken(self, *, until: int | None = None, decoded: bool = False) -> bytes:
        """Give what an export writes."""
        out = BytesIO()
        await export(self.wiring, await span(self.wiring, self.ledger.code, until), out, lambda *_: None, decoded=decoded)
        return out.getvalue()

    async def lost(self) -> None:
        """Let the property be gone from the server, as on a new one."""
        async with self.wiring.pool.connection() as connection:
            await connection.execute("DELETE FROM nightledger.properties WHERE code = %s", [self.ledger.code])
        self.ledger.drop()

    async def brought(self, content: bytes, code: str | None = None, readable: Readable = CATALOGUE.read) -> Imported:
        """Import a file's content."""
        return await import_ledger(self.wiring, BytesIO(content), code, lambda _: None, readable)


@asynccontextmanager
async def mover(ledger: Ledger, data_dir: Path) -> AsyncIterator[Mover]:
    """Put a ledger on the list of properties, and lend somebody who moves it."""
    await migrate(ledger.url)
    settings = Settings.model_validate(
        {"database_url": ledger.url, "redis_url": "redis://not-needed", "data_dir": data_dir}
    )  # fmt: skip
    async with wired(settings, connections=2) as wiring:
        moving = Mover(ledger, wiring)
        async with await AsyncConnection.connect(ledger.url) as connection:
            await create_property(connection, ledger.code)
            await list_property(connection, Listed(ledger.code, "Asia/Colombo", "USD", scratch=True))
        try:
            yield moving
        finally:
            async with wiring.pool.connection() as connection:
                await connection.execute("DELETE FROM nightledger.properties WHERE code = %s", [ledger.code])
            ledger.create()
