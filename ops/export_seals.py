"""The seal in an exported log: its blocks and the public keys that signed them. The tree's tiles are made again from events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from psycopg import sql

from ledger.schema import schema_name
from ops.export_lines import Hashed, instant, own_hash
from ops.wiring import Wiring

PAGE = 1000


class SealKeyLine(Hashed, frozen=True, kw_only=True, tag="seal-key"):
    """What a public key says of itself; bytes are hexadecimal."""

    key_id: str
    public_key: str
    predecessor: str
    signature: str

    @property
    def columns(self) -> tuple[Any, ...]:
        """Give the row as it stood in the table. Raises ValueError for impossible hex."""
        return self.key_id, bytes.fromhex(self.public_key), self.predecessor, bytes.fromhex(self.signature)


class SealLine(Hashed, frozen=True, kw_only=True, tag="seal"):
    """A signed block; bytes are hexadecimal."""

    number: int
    version: int
    epoch: int
    first_position: int
    tree_size: int
    root: str
    previous: str
    sealed_at: str
    key_id: str
    signature: str

    @property
    def columns(self) -> tuple[Any, ...]:
        """Give the row as it stood in the table. Raises ValueError for an impossible instant or hex."""
        return (
            self.number, self.version, self.epoch, self.first_position, self.tree_size, bytes.fromhex(self.root),
            bytes.fromhex(self.previous), datetime.fromisoformat(self.sealed_at), self.key_id, bytes.fromhex(self.signature),
        )  # fmt: skip


async def seal_lines(wiring: Wiring, property_code: str, last_position: int) -> AsyncIterator[SealKeyLine | SealLine]:
    """Give all public keys, then the blocks that cover nothing beyond a position, in order."""
    schema = sql.Identifier(schema_name(property_code))
    keys = sql.SQL("SELECT key_id, public_key, predecessor, signature FROM {}.seal_keys ORDER BY key_id, predecessor")
    blocks = sql.SQL(
        "SELECT number, version, epoch, first_position, tree_size, root, previous, sealed_at, key_id, signature"
        " FROM {}.seals WHERE number > %s AND tree_size <= %s ORDER BY number LIMIT %s"
    )
    async with wiring.pool.connection() as connection:
        for row in await (await connection.execute(keys.format(schema))).fetchall():
            yield _key_line(*row)
    number = 0
    while True:
        async with wiring.pool.connection() as connection:
            rows = await (await connection.execute(blocks.format(schema), [number, last_position, PAGE])).fetchall()
        for row in rows:
            yield _seal_line(*row)
        if len(rows) < PAGE:
            return
        number = rows[-1][0]


def _key_line(key_id: str, public_key: bytes, predecessor: str, signature: bytes) -> SealKeyLine:
    line = SealKeyLine(key_id=key_id, public_key=public_key.hex(), predecessor=predecessor, signature=signature.hex())
    return replace(line, hash=own_hash(line))


def _seal_line(
    number: int, version: int, epoch: int, first_position: int, tree_size: int, root: bytes, previous: bytes,
    sealed_at: datetime, key_id: str, signature: bytes,
) -> SealLine:  # fmt: skip
    line = SealLine(
        number=number, version=version, epoch=epoch, first_position=first_position, tree_size=tree_size, root=root.hex(),
        previous=previous.hex(), sealed_at=instant(sealed_at), key_id=key_id, signature=signature.hex(),
    )  # fmt: skip
    return replace(line, hash=own_hash(line))
