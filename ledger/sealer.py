"""Makes the next block of the seal from events that nobody has sealed yet. Off the write path; takes no lock of the ledger.

What it finds broken it does not cover with a signature: a hole, a chain of another key or tiles that do not give the last root
stop it. Two sealers at once are harmless: both make the same number, and one of them is too late.
"""

from __future__ import annotations

from datetime import datetime
from struct import Struct as Unpacker

from psycopg import sql
from psycopg.errors import UniqueViolation

from ledger import merkle_tiles
from ledger.leaf import LEAF_HASH
from ledger.log import Connection
from ledger.merkle_tiles import Place, TileMissing, Tiles
from ledger.schema import schema_name
from ledger.seal import NO_BLOCK, VERSION, Block, SignedBlock, signed
from ledger.seal_key import NOBODY, SealKey, trusted_keys
from ledger.seal_tables import Seals

BLOCK_EVENTS = 10_000
"""About so many events make a block at most; the command that reaches beyond is taken whole."""
EVERYTHING = 2**60
HASHED = Unpacker(">q32s")
"""A position and the hash of its leaf."""


class CannotSeal(Exception):
    """The log or its seal is broken, or belongs to another key; the message names the place and the next step."""


class Sealer:
    """Seals one property's log with one key."""

    def __init__(self, property_code: str, key: SealKey) -> None:
        self._property_code = property_code
        self._key = key
        self.seals = Seals(property_code)
        events = sql.Identifier(schema_name(property_code), "events")
        self._end = sql.SQL(
            "SELECT position, recorded_at FROM {events} WHERE position = coalesce("
            " (SELECT position FROM {events} WHERE position >= %s AND command_index + 1 >= command_count"
            " ORDER BY position LIMIT 1), (SELECT max(position) FROM {events}))"
        ).format(events=events)
        self._hashed = sql.SQL(
            "SELECT string_agg(int8send(position) || {leaf}, ''::bytea ORDER BY position) FROM {events}"
            " WHERE position > %s AND position <= %s"
        ).format(leaf=sql.SQL(LEAF_HASH), events=events)

    async def seal(self, connection: Connection, now: datetime, limit: int = BLOCK_EVENTS) -> SignedBlock | None:
        """Make the next block, or nothing when nothing is new or another sealer was first. Raises CannotSeal.

        A new epoch is sealed also when no event is new, and its first block covers everything that a restore brought back.
        """
        last = await self.seals.last(connection)
        size = last.block.tree_size if last else 0
        epoch = await self.seals.epoch(connection)
        is_opening = last is not None and last.block.epoch != epoch
        end, recorded_at = await self._next_end(connection, size, EVERYTHING if is_opening else limit)
        if end < size:
            message = (
                f"block {last and last.block.number} has sealed {size} events, the log ends at {end}: run nightledger verify"
            )
            raise CannotSeal(message)
        if end == size and not is_opening:
            return None
        edge = await self._edge(connection, last)
        tiles = merkle_tiles.grown(edge, size, await self._leaves(connection, size, end))
        moments = [now, recorded_at, last.block.sealed_at if last else None]
        block = Block(
            version=VERSION, property_code=self._property_code, number=last.block.number + 1 if last else 1, epoch=epoch,
            first_position=size + 1, tree_size=end, root=merkle_tiles.root({**edge, **tiles}, end),
            previous=last.digest() if last else NO_BLOCK, sealed_at=max(moment for moment in moments if moment),
            key_id=self._key.public.key_id,
        )  # fmt: skip
        return await self._write(connection, signed(block, self._key), tiles)

    async def _write(self, connection: Connection, block: SignedBlock, tiles: Tiles) -> SignedBlock | None:
        try:
            async with connection.transaction():
                await self.seals.add(connection, block)
                await self.seals.keep_tiles(connection, tiles)
                if block.block.number == 1:
                    await self.seals.keep_key(connection, self._key.follows(NOBODY, self._property_code))
        except UniqueViolation:
            return None
        return block

    async def _next_end(self, connection: Connection, after: int, limit: int) -> tuple[int, datetime | None]:
        """Give the position at which the next block ends, always the last of a command, and when that was recorded."""
        row = await (await connection.execute(self._end, [after + limit])).fetchone()
        return (row[0], row[1]) if row else (0, None)

    async def _leaves(self, connection: Connection, after: int, until: int) -> list[bytes]:
        """Give the leaf hashes of a range. Raises CannotSeal when a position is missing."""
        leaves: list[bytes] = []
        for begin in range(after, until, BLOCK_EVENTS):
            cursor = connection.cursor(binary=True)
            row = await (await cursor.execute(self._hashed, [begin, min(begin + BLOCK_EVENTS, until)])).fetchone()
            for expected, (position, leaf) in enumerate(HASHED.iter_unpack((row and row[0]) or b""), begin + 1):
                _check_position(position, expected)
                leaves.append(leaf)
        _check_position(until, after + len(leaves))
        return leaves

    async def _edge(self, connection: Connection, last: SignedBlock | None) -> Tiles:
        """Give the tiles that the next leaves are added to, once they are known to be those of the last block."""
        if last is None:
            return {}
        await self._check_key(connection, last)
        places = merkle_tiles.edge(last.block.tree_size)
        if not await self.seals.has_tiles(connection):
            await self._grow_again(connection, last)
        tiles = await self.seals.tiles(connection, places)
        _check_root(tiles, last)
        return tiles

    async def _grow_again(self, connection: Connection, last: SignedBlock) -> None:
        """Make all tiles again from the log, after an import or when they were removed because they were wrong."""
        async with connection.transaction():
            tiles: dict[Place, bytes] = {}
            for after in range(0, last.block.tree_size, BLOCK_EVENTS):
                until = min(after + BLOCK_EVENTS, last.block.tree_size)
                edge = {place: tiles[place] for place in merkle_tiles.edge(after)}
                grown = merkle_tiles.grown(edge, after, await self._leaves(connection, after, until))
                await self.seals.keep_tiles(connection, grown)
                tiles = {**edge, **grown}
            _check_root(tiles, last)

    async def _check_key(self, connection: Connection, last: SignedBlock) -> None:
        """See that the last block is ours, or of a key that ours has said to follow. Raises CannotSeal."""
        kept = await self.seals.keys(connection)
        allowed = trusted_keys(self._property_code, kept, [self._key.public])
        key = allowed.get(last.block.key_id)
        number = last.block.number
        if key is None:
            message = (
                f"block {number} is signed by the key {last.block.key_id}, SEAL_KEY is {self._key.public.key_id}: set the"
                f" former key again, or hand over with nightledger seal-key rotate --from {last.block.key_id}"
            )
            raise CannotSeal(message)
        if not last.is_signed_by(key):
            message = f"the signature of block {number} does not hold: run nightledger verify"
            raise CannotSeal(message)


def _check_position(found: int, expected: int) -> None:
    if found != expected:
        message = f"position {expected} is missing from the log, so nothing from there on is sealed: run nightledger verify"
        raise CannotSeal(message)


def _check_root(tiles: Tiles, last: SignedBlock) -> None:
    block = last.block
    try:
        root = merkle_tiles.root(tiles, block.tree_size)
    except TileMissing as missing:
        message = f"{missing}, block {block.number} rests on it: run nightledger verify"
        raise CannotSeal(message) from None
    if root != block.root:
        message = f"the kept leaves do not give the root of block {block.number}: run nightledger verify"
        raise CannotSeal(message)
