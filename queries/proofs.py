"""Proves to outsiders that an event is in the sealed log, and that the log has only grown since an earlier size.

What is handed out checks with `ops/verify_proof.py` alone. Personal fields stay the ciphertext that they are in the log.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from ledger import merkle_tiles
from ledger.leaf import leaf_hash, unix_microseconds
from ledger.log import EVENT_COLUMNS, Connection, Log, Row
from ledger.merkle import Range, consistency_ranges, inclusion_ranges, proves_inclusion
from ledger.merkle_tiles import TileMissing
from ledger.refusal import Refusal
from ledger.schema import schema_name
from ledger.seal import SignedBlock
from ledger.seal_key import PublicKey
from ledger.seal_tables import Seals

PROOF_FORMAT = "nightledger.proof.v1"
ANCHOR_FORMAT = "nightledger.anchor.v1"


class UnknownEvent(Refusal):
    """There is no event at this position."""

    code = "event.unknown"
    field = "position"


class Unsealed(Refusal):
    """The event is there, and no block covers it yet."""

    code = "event.unsealed"
    field = "position"


class SizeUnknown(Refusal):
    """The log never had a sealed size like this."""

    code = "seal.size_unknown"
    field = "from_size"


class Damaged(Refusal):
    """The log or its seal is not what was sealed, so nothing can be proven."""

    code = "event.damaged"


class Proofs:
    """The seal of one property, for those who want to check it. `seal_seconds` is how soon an event is usually sealed."""

    def __init__(self, property_code: str, pool: AsyncConnectionPool[Connection], seal_seconds: float) -> None:
        self._log = Log(property_code)
        self._seals = Seals(property_code)
        self._pool = pool
        self._seal_seconds = seal_seconds
        self._row = sql.SQL("SELECT {} FROM {} WHERE position = %s").format(
            sql.SQL(EVENT_COLUMNS), sql.Identifier(schema_name(property_code), "events")
        )

    async def sealed(self) -> int:
        """Give the last sealed position; 0 when nothing is sealed yet."""
        async with self._pool.connection() as connection:
            last = await self._seals.last(connection)
        return last.block.tree_size if last else 0

    async def anchor(self) -> dict[str, Any]:
        """Give the signed head as JSON, to be put away outside. Raises Unsealed when nothing is sealed yet."""
        async with self._pool.connection() as connection:
            head, key = await self._head(connection)
        return {"format": ANCHOR_FORMAT, "head": head.as_json(), "public_key": key.text}

    async def proof(self, position: int, from_size: int | None = None) -> dict[str, Any]:
        """Prove that an event is in the log, and, if asked, that the log has only grown since it had `from_size` events.

        Raises UnknownEvent, Unsealed, SizeUnknown, Damaged.
        """
        async with self._pool.connection() as connection:
            row = await self._event(connection, position)
            head, key = await self._head(connection)
            size = head.block.tree_size
            if position > size:
                raise self._unsealed(f"Position {position} is not sealed yet")
            if from_size is not None and not 0 < from_size <= size:
                raise SizeUnknown(f"The sealed log has {size} events: name a size from 1 to {size}.")
            path = await self._roots(connection, inclusion_ranges(position - 1, size))
            if not proves_inclusion(leaf_hash(row), position - 1, size, path, head.block.root):
                raise Damaged(f"The event at position {position} is not the one that was sealed: run nightledger verify.")
            growth = {} if from_size is None else {"consistency": await self._growth(connection, from_size, size)}
        return {
            "format": PROOF_FORMAT,
            "event": event_json(row),
            "audit_path": [each.hex() for each in path],
            "head": head.as_json(),
            "public_key": key.text,
            **growth,
        }

    async def _growth(self, connection: Connection, old: int, new: int) -> dict[str, Any]:
        path = await self._roots(connection, consistency_ranges(old, new))
        root = (await self._roots(connection, [(0, old)]))[0]
        return {"from_size": old, "from_root": root.hex(), "path": [each.hex() for each in path]}

    async def _event(self, connection: Connection, position: int) -> Row:
        found = await (await connection.execute(self._row, [position])).fetchone()
        if found is not None:
            return Row(*found)
        end, _ = await self._log.head(connection)
        if position <= end:
            raise Damaged(f"The event at position {position} is missing from the log: run nightledger verify.")
        raise UnknownEvent(f"The log ends at position {end}: ask for an event from 1 to {end}.", head=end)

    async def _head(self, connection: Connection) -> tuple[SignedBlock, PublicKey]:
        last = await self._seals.last(connection)
        if last is None:
            raise self._unsealed("Nothing is sealed yet")
        for said in await self._seals.keys(connection):
            if last.is_signed_by(said.public_key):
                return last, said.public_key
        raise Damaged(f"The signature of block {last.block.number} does not hold: run nightledger verify.")

    async def _roots(self, connection: Connection, ranges: Sequence[Range]) -> list[bytes]:
        tiles = await self._seals.tiles(connection, merkle_tiles.places(ranges))
        try:
            return [merkle_tiles.root_of_range(tiles, leaves) for leaves in ranges]
        except TileMissing as missing:
            raise Damaged(f"The seal is damaged ({missing}): run nightledger verify.") from missing

    def _unsealed(self, what: str) -> Unsealed:
        seconds = max(1, round(self._seal_seconds))
        return Unsealed(f"{what}: events are sealed about every {seconds} s, try again then.", retry_after=seconds)


def event_json(row: Row) -> dict[str, Any]:
    """Write all stored columns of an event: the payload in base64, instants in microseconds UTC, what is absent as null."""
    return {
        "position": row.position,
        "stream": str(row.stream),
        "version": row.version,
        "topic": row.topic,
        "payload": b64encode(row.payload).decode(),
        "occurred_at": unix_microseconds(row.occurred_at),
        "recorded_at": unix_microseconds(row.recorded_at),
        "command_id": str(row.command_id) if row.command_id else None,
        "command_index": row.command_index,
        "command_count": row.command_count,
        "correlation_id": str(row.correlation_id) if row.correlation_id else None,
        "cause_position": row.cause_position,
        "actor": row.actor,
        "business_date": row.business_date.isoformat() if row.business_date else None,
    }
