"""Tells which properties there are, and what an API key may do. Keys are stored as hashes; nobody can read them back."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from ledger.log import Connection

TABLES = """
CREATE SCHEMA IF NOT EXISTS nightledger;
CREATE TABLE IF NOT EXISTS nightledger.schema_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version integer NOT NULL
);
CREATE TABLE IF NOT EXISTS nightledger.properties (
    code text PRIMARY KEY,
    time_zone text NOT NULL,
    currency text NOT NULL,
    scratch boolean NOT NULL DEFAULT false,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS nightledger.api_keys (
    key_id text PRIMARY KEY,
    digest bytea NOT NULL,
    property_code text,
    scopes text[] NOT NULL,
    note text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);
"""
KEEP_SECONDS = 5.0
"""How long a good key is believed without asking again: so long at most a revoked one still opens."""
MOST_KEPT = 1024
SCOPES = (
    "holds:write",
    "reservations:read",
    "reservations:write",
    "revenue:read",
    "groups:read",
    "groups:write",
    "rooms:write",
    "events:read",
    "audit",
)


@dataclass(frozen=True)
class Caller:
    """An API key that was presented and is good: `property_code` None means all properties."""

    key_id: str
    property_code: str | None
    scopes: frozenset[str]

    def may(self, scope: str, property_code: str) -> bool:
        """Tell whether the key covers a scope at a property."""
        return scope in self.scopes and self.property_code in {None, property_code}


@dataclass(frozen=True)
class Listed:
    """A property that was opened on this database. `scratch` ones are made by tests and load runs."""

    code: str
    time_zone: str
    currency: str
    scratch: bool


class Access:
    """The registry of properties and keys."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool
        self._good: dict[bytes, tuple[float, Caller]] = {}

    async def properties(self) -> list[Listed]:
        """List the properties, the oldest first."""
        async with self._pool.connection() as connection:
            found = await connection.execute(
                "SELECT code, time_zone, currency, scratch FROM nightledger.properties ORDER BY opened_at"
            )
            return [Listed(*row) for row in await found.fetchall()]

    async def caller(self, api_key: str) -> Caller | None:
        """Give the caller of a presented key, or nothing when it is unknown, wrong or was revoked KEEP_SECONDS ago."""
        hashed, now = digest(api_key), time.monotonic()
        kept_at, kept = self._good.get(hashed, (now, None))
        if kept is not None and now - kept_at < KEEP_SECONDS:
            return kept
        found = await self._look_up(api_key)
        if len(self._good) >= MOST_KEPT:
            self._good.clear()
        if found is not None:
            self._good[hashed] = (now, found)
        return found

    async def _look_up(self, api_key: str) -> Caller | None:
        key_id, _, secret = api_key.removeprefix("nl_").partition("_")
        async with self._pool.connection() as connection:
            found = await connection.execute(
                "SELECT digest, property_code, scopes FROM nightledger.api_keys WHERE key_id = %s AND revoked_at IS NULL",
                [key_id],
            )
            row = await found.fetchone()
        if row is None or not hmac.compare_digest(bytes(row[0]), digest(secret)):
            return None
        return Caller(key_id, row[1], frozenset(row[2]))


def new_api_key() -> tuple[str, str, bytes]:
    """Make a key: (key id, the key as its owner gets it, the hash to store). 256 bits of chance need no slow hash."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return key_id, f"nl_{key_id}_{secret}", digest(secret)


def digest(secret: str) -> bytes:
    """Hash a key's secret part."""
    return hashlib.sha256(secret.encode()).digest()
