"""API keys: made, listed, revoked. The key itself is shown once; only its hash is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ops.settings import BadConfiguration
from ops.wiring import Wiring
from queries.access import SCOPES, new_api_key


async def create_key(wiring: Wiring, property_code: str | None, scopes: Sequence[str], note: str) -> tuple[str, str]:
    """Make a key for a property (None: all): (its id, the key). Raises BadConfiguration for an unknown scope."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        message = f"unknown scopes {', '.join(unknown) or '(none given)'}: choose from {', '.join(SCOPES)}"
        raise BadConfiguration(message)
    key_id, key, digest = new_api_key()
    async with wiring.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO nightledger.api_keys (key_id, digest, property_code, scopes, note) VALUES (%s, %s, %s, %s, %s)",
            [key_id, digest, property_code, list(scopes), note],
        )
    return key_id, key


async def list_keys(wiring: Wiring) -> list[tuple[Any, ...]]:
    """List (id, property, scopes, note, made, revoked), the oldest first."""
    async with wiring.pool.connection() as connection:
        found = await connection.execute(
            "SELECT key_id, property_code, scopes, note, created_at, revoked_at FROM nightledger.api_keys ORDER BY created_at"
        )
        return list(await found.fetchall())


async def revoke_key(wiring: Wiring, key_id: str) -> bool:
    """End a key at once; tell whether it was live."""
    async with wiring.pool.connection() as connection:
        done = await connection.execute(
            "UPDATE nightledger.api_keys SET revoked_at = clock_timestamp() WHERE key_id = %s AND revoked_at IS NULL", [key_id]
        )
        return done.rowcount == 1
