"""Where a measurement runs: fresh embedded servers in a temporary directory, or scratch schemas on given servers.

Durable commits are looked at, not assumed: a server that may forget what it acknowledged is refused.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from redis import Redis

from ledger.schema import schema_name
from ops.embedded import embedded_servers
from ops.migrate import migrate
from ops.settings import BadConfiguration, Settings

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
TOLD = ("server_version", *DURABLE, "shared_buffers", "max_wal_size")


@dataclass
class Site:
    """The servers of a run, as settings that client processes can be given, and what was made on them."""

    settings: Settings
    server: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    schemas: list[str] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        """Give the address of the database."""
        return self.settings.database_url or ""

    def connect(self) -> psycopg.Connection:
        """Open a connection that commits by itself."""
        return psycopg.connect(self.database_url, autocommit=True)

    def new_code(self) -> str:
        """Choose the code of a scratch property."""
        self.codes.append(f"bench_{secrets.token_hex(4)}")
        return self.codes[-1]

    def new_schema(self) -> str:
        """Create an empty schema for a peer."""
        name = f"bench_peer_{secrets.token_hex(4)}"
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        self.schemas.append(name)
        return name

    def head(self, code: str) -> int:
        """Give the last position of a property's log."""
        last = sql.SQL("SELECT coalesce(max(position), 0) FROM {}").format(sql.Identifier(schema_name(code), "events"))
        with self.connect() as connection:
            row = connection.execute(last).fetchone()
        return row[0] if row else 0

    def settle(self) -> None:
        """Write everything out, so that the next run does not pay for the one before."""
        with self.connect() as connection:
            connection.execute("CHECKPOINT")

    def forget(self) -> None:
        """Drop what was made so far."""
        with self.connect() as connection:
            connection.execute("SET client_min_messages = error")
            for name in (*self.schemas, *(schema_name(code) for code in self.codes)):
                connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
            connection.execute("DELETE FROM nightledger.properties WHERE code = ANY(%s)", [self.codes])
            connection.execute("DELETE FROM nightledger.api_keys WHERE property_code = ANY(%s)", [self.codes])
        _forget_in_redis(self.settings.redis_url or "", self.codes)
        self.codes.clear()
        self.schemas.clear()


@contextmanager
def site(settings: Settings) -> Iterator[Site]:
    """Start servers of our own, or use the named ones and leave nothing there. Raises BadConfiguration, EmbeddedServerError."""
    with (
        tempfile.TemporaryDirectory(prefix="nightledger-bench-") as directory,
        embedded_servers(Path(directory), database_url=settings.database_url, redis_url=settings.redis_url) as servers,
    ):
        own = settings.model_copy(
            update={
                "data_dir": Path(directory), "database_url": servers.database_url, "redis_url": servers.redis_url,
                "keys_url": None, "holds_per_address": 0, "holds_per_email": 0, "requests_per_minute": 0,
            }
        )  # fmt: skip
        found = Site(own)
        found.server = _durable(found, TOLD)
        asyncio.run(migrate(found.database_url))
        try:
            yield found
        finally:
            if settings.database_url:
                found.forget()


def _durable(found: Site, names: Sequence[str]) -> dict[str, str]:
    """Read the server's settings. Raises BadConfiguration when an acknowledged commit may be lost."""
    with found.connect() as connection:
        shown: dict[str, str] = {}
        for name in names:
            row = connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
            shown[name] = row[0] if row else ""
    for name in DURABLE:
        if shown[name] != "on":
            message = f"{name} is {shown[name]} on this server, so nothing is durable: set it to on, or unset DATABASE_URL"
            raise BadConfiguration(message)
    return shown


def _forget_in_redis(url: str, codes: Sequence[str]) -> None:
    with Redis.from_url(url) as redis:
        for code in codes:
            for key in redis.scan_iter(match=f"{{{code}}}:*", count=1000):
                redis.unlink(key)
