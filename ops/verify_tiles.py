"""Checks the upper levels of the seal's tiles: each hash is the root of the full tile below. Proofs are made from them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from ledger.log import Connection
from ledger.merkle import perfect_root
from ledger.merkle_tiles import TILE_HASHES
from ledger.seal_tables import Seals
from ops.verify_findings import Findings

Lend = Callable[[], AbstractAsyncContextManager[Connection]]
"""Lends a connection in autocommit."""


async def check_tiles(lend: Lend, seals: Seals, leaves: int, findings: Findings) -> None:
    """Calculate every tile above the leaves from those below it; name the first event under a wrong one."""
    level, hashes = 1, leaves // TILE_HASHES
    while hashes:
        for number in range((hashes + TILE_HASHES - 1) // TILE_HASHES):
            below = range(number * TILE_HASHES, min((number + 1) * TILE_HASHES, hashes))
            async with lend() as connection:
                tiles = await seals.tiles(connection, [(level, number), *((level - 1, each) for each in below)])
            roots = b"".join(perfect_root(tiles.get((level - 1, each), b"")) for each in below)
            if not tiles.get((level, number), b"").startswith(roots):
                findings.add(
                    number * TILE_HASHES ** (level + 1) + 1,
                    f"tile {number} of level {level} (table seal_tiles) is not made of those below it, so proofs from here on"
                    " fail: empty that table, and the sealer makes it again",
                )
                return
        level, hashes = level + 1, hashes // TILE_HASHES
