"""Checks a log against its seal: every event against its kept leaf hash, the trees against the signed roots.

Kept leaf hashes are not trusted by themselves: they count once they give the root that a block has signed. Then a changed event
is named at its very position; where neither they nor the events give the root, only the block's range can be named.
"""

from __future__ import annotations

from collections import deque
from copy import deepcopy

from msgspec import Struct
from msgspec.structs import replace

from ledger.leaf import leaf_hash
from ledger.log import Connection, Row
from ledger.merkle import HASH_BYTES, Frontier
from ledger.merkle_tiles import TILE_HASHES, Tiles
from ledger.seal import SignedBlock
from ledger.seal_tables import Seals
from ops.verify_blocks import ChainCheck
from ops.verify_findings import MOST, Findings

PAGE_BLOCKS = 500
NOTHING = bytes(HASH_BYTES)


class Mismatch(Struct, frozen=True):
    """An event that does not have the leaf hash that was kept of it. `row` is nothing when the event is missing."""

    position: int
    row: Row | None
    kept: bytes


class SealCheck:
    """Is shown every position once, in order, up to the end of the last block and of an anchor."""

    def __init__(self, seals: Seals, chain: ChainCheck, findings: Findings, last: SignedBlock | None, anchored: int) -> None:
        self._seals = seals
        self._chain = chain
        self._findings = findings
        self._blocks: deque[SignedBlock] = deque()
        self._tiles: Tiles = {}
        self._tree = Frontier()
        self._as_found: Frontier | None = None
        self._open: list[Mismatch] = []
        self._changed: list[Mismatch] = []
        self._is_lost = False
        self._anchored = anchored
        self._sealed = last.block.tree_size if last else 0
        self._last_number = last.block.number if last else 0
        self.until = max(self._sealed, anchored)
        self.root_at_anchor: bytes | None = None

    async def load(self, connection: Connection, until: int) -> None:
        """Fetch what is needed for the positions up to `until`. Raises UnknownBlockVersion."""
        numbers = range(self._tree.size // TILE_HASHES, (min(until, self.until) + TILE_HASHES - 1) // TILE_HASHES)
        self._tiles = await self._seals.tiles(connection, [(0, number) for number in numbers])
        newest = self._blocks[-1] if self._blocks else self._chain.last
        number, reach = (newest.block.number, newest.block.tree_size) if newest else (0, 0)
        while number < self._last_number and reach <= until:
            page = await self._seals.after(connection, number, PAGE_BLOCKS)
            self._blocks.extend(page)
            number, reach = (page[-1].block.number, page[-1].block.tree_size) if page else (self._last_number, reach)

    def see(self, position: int, row: Row | None) -> None:
        """Check what stands at the next position; nothing when the event is missing."""
        if position > self.until:
            return
        kept, found = self._kept(position), leaf_hash(row) if row else NOTHING
        if kept is None:
            kept = found
            if position <= self._sealed and not self._is_lost:
                self._lose(position, "the leaf hash that the seal keeps of it is missing (table seal_tiles)")
        if found != kept:
            self._as_found = self._as_found or deepcopy(self._tree)
            if len(self._open) < MOST:
                self._open.append(Mismatch(position, row, kept))
        self._tree.add(kept)
        if self._as_found:
            self._as_found.add(found)
        if position == self._anchored:
            self.root_at_anchor = self._tree.root()
        self._close_blocks(position)

    def end(self) -> None:
        """Say which events were changed, and which of them have only changed places."""
        self._close_blocks(self.until)
        self._note_changed()
        for one in self._changed:
            place = next((other.position for other in self._changed if _stood_at(one, other) and _stood_at(other, one)), None)
            if place is not None:
                self._findings.add(one.position, f"the events at {min(one.position, place)} and {max(one.position, place)}"
                                                 " have changed places since they were sealed")  # fmt: skip
            elif one.row is not None:
                self._findings.add(one.position, "the event is not the one that was sealed: one of its columns was changed")

    def _kept(self, position: int) -> bytes | None:
        number, index = divmod(position - 1, TILE_HASHES)
        return self._tiles.get((0, number), b"")[index * HASH_BYTES : (index + 1) * HASH_BYTES] or None

    def _close_blocks(self, position: int) -> None:
        """Check the blocks that end here."""
        while self._blocks and self._blocks[0].block.tree_size <= position:
            signed = self._blocks.popleft()
            self._chain.see(signed)
            if not self._is_lost:
                self._check_root(signed)

    def _check_root(self, signed: SignedBlock) -> None:
        """Decide what was changed since the last good root: events, or the kept hashes."""
        block = signed.block
        if self._tree.root() == block.root:
            self._note_changed()
        elif self._as_found and self._as_found.root() == block.root:
            first = self._open[0].position
            self._findings.add(
                first, "the event is as it was sealed, but the leaf hash kept of it was changed (table seal_tiles)"
            )
            self._tree = self._as_found
        else:
            self._note_changed()
            self._lose(
                block.first_position,
                f"the events {block.first_position} to {block.tree_size} do not give the root of block {block.number}:"
                " one of them was changed, or the block",
            )
        self._open, self._as_found = [], None

    def _note_changed(self) -> None:
        self._changed = [*self._changed, *self._open][:MOST]

    def _lose(self, position: int, what: str) -> None:
        """Note something after which no later root can hold."""
        self._is_lost = True
        self._findings.add(position, what)


def _stood_at(one: Mismatch, other: Mismatch) -> bool:
    """Tell whether the event that is now at `one` was sealed at the position of `other`."""
    return one is not other and one.row is not None and leaf_hash(replace(one.row, position=other.position)) == other.kept
