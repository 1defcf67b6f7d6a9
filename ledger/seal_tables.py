"""The tables of a property's seal: blocks, the tree's tiles and the public keys. Reads and writes them, checks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import LiteralString

from psycopg import sql
from psycopg.rows import TupleRow

from ledger.log import Connection
from ledger.merkle import HASH_BYTES
from ledger.merkle_tiles import TILE_HASHES, Place, Tiles
from ledger.schema import schema_name
from ledger.seal import Block, SignedBlock
from ledger.seal_key import PublicKey, Succession

TABLES = """
CREATE TABLE IF NOT EXISTS {schema}.seals (
    number bigint PRIMARY KEY,
    version integer NOT NULL,
    epoch integer NOT NULL,
    first_position bigint NOT NULL,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    previous bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.seal_tiles (
    level integer NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (level, number)
);
CREATE TABLE IF NOT EXISTS {schema}.seal_keys (
    key_id text NOT NULL,
    public_key bytea NOT NULL,
    predecessor text NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (key_id, predecessor)
);
"""
COLUMNS = "version, number, epoch, first_position, tree_size, root, previous, sealed_at, key_id, signature"


def creation(property_code: str) -> sql.Composed:
    """Give the statements that create a property's seal, or leave it as it is."""
    return sql.SQL(TABLES).format(schema=sql.Identifier(schema_name(property_code)))


class Seals:
    """Reads and writes a property's seal on a connection that the caller lends."""

    def __init__(self, property_code: str) -> None:
        self.property_code = property_code
        self._schema = sql.Identifier(schema_name(property_code))

    async def last(self, connection: Connection) -> SignedBlock | None:
        """Give the newest block, or nothing."""
        return next(iter(await self._blocks(connection, "ORDER BY number DESC LIMIT 1")), None)

    async def after(self, connection: Connection, number: int, limit: int) -> list[SignedBlock]:
        """Give the blocks that follow a number, in order."""
        return await self._blocks(connection, "WHERE number > %s ORDER BY number LIMIT %s", number, limit)

    async def add(self, connection: Connection, signed_block: SignedBlock) -> None:
        """Write the next block. Raises psycopg's UniqueViolation when another sealer has written it."""
        block = signed_block.block
        await connection.execute(
            self._said("INSERT INTO {schema}.seals ({columns}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"),
            [block.version, block.number, block.epoch, block.first_position, block.tree_size, block.root, block.previous,
             block.sealed_at, block.key_id, signed_block.signature],
        )  # fmt: skip

    async def tiles(self, connection: Connection, places: Iterable[Place]) -> Tiles:
        """Give those of some tiles that are there."""
        wanted = list(places)
        found = await connection.execute(
            self._said(
                "SELECT level, number, hashes FROM {schema}.seal_tiles"
                " WHERE (level, number) IN (SELECT * FROM unnest(%s::integer[], %s::bigint[]))"
            ),
            [[level for level, _ in wanted], [number for _, number in wanted]],
        )
        return {(level, number): hashes for level, number, hashes in await found.fetchall()}

    async def keep_tiles(self, connection: Connection, tiles: Mapping[Place, bytes]) -> None:
        """Write tiles, new ones and such as have grown."""
        places = list(tiles)
        await connection.execute(
            self._said(
                "INSERT INTO {schema}.seal_tiles SELECT * FROM unnest(%s::integer[], %s::bigint[], %s::bytea[])"
                " ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes"
            ),
            [[level for level, _ in places], [number for _, number in places], [tiles[place] for place in places]],
        )

    async def has_tiles(self, connection: Connection) -> bool:
        """Tell whether there are any."""
        found = await connection.execute(self._said("SELECT FROM {schema}.seal_tiles LIMIT 1"))
        return await found.fetchone() is not None

    async def leaves(self, connection: Connection) -> int:
        """Count the leaf hashes that are kept, from the last tile of the lowest level."""
        found = await connection.execute(
            self._said("SELECT number, length(hashes) FROM {schema}.seal_tiles WHERE level = 0 ORDER BY number DESC LIMIT 1")
        )
        row = await found.fetchone()
        return row[0] * TILE_HASHES + row[1] // HASH_BYTES if row else 0

    async def keys(self, connection: Connection) -> list[Succession]:
        """Give what the keys have said of themselves; nobody has checked it yet."""
        found = await connection.execute(
            self._said("SELECT public_key, predecessor, signature FROM {schema}.seal_keys ORDER BY key_id, predecessor")
        )
        return [Succession(PublicKey(raw), *said) for raw, *said in await found.fetchall()]

    async def keep_key(self, connection: Connection, said: Succession) -> None:
        """Write what a key says of itself, once."""
        await connection.execute(
            self._said("INSERT INTO {schema}.seal_keys VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"),
            [said.public_key.key_id, said.public_key.raw, said.predecessor, said.signature],
        )

    async def epoch(self, connection: Connection) -> int:
        """Give the ledger's epoch: 1, and one more for each restore."""
        row = await (await connection.execute(self._said("SELECT epoch FROM {schema}.ledger"))).fetchone()
        return row[0] if row else 1

    async def _blocks(self, connection: Connection, which: LiteralString, *values: int) -> list[SignedBlock]:
        statement = self._said("SELECT {columns} FROM {schema}.seals {which}", which=sql.SQL(which))
        found = await connection.execute(statement, list(values))
        return [self._block(row) for row in await found.fetchall()]

    def _block(self, row: TupleRow) -> SignedBlock:
        version, number, epoch, first, size, root, previous, sealed_at, key_id, signature = row
        return SignedBlock(
            Block(version=version, property_code=self.property_code, number=number, epoch=epoch, first_position=first,
                  tree_size=size, root=root, previous=previous, sealed_at=sealed_at, key_id=key_id),
            signature,
        )  # fmt: skip

    def _said(self, text: LiteralString, **parts: sql.Composable) -> sql.Composed:
        return sql.SQL(text).format(schema=self._schema, columns=sql.SQL(COLUMNS), **parts)
