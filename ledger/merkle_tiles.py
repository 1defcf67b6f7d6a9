"""The nodes of a log's Merkle tree in tiles of 256 hashes, so that growing it and proving from it touch a few rows only.

Tile (0, n) holds the hashes of leaves 256n to 256n+255; tile (level + 1, n) the roots of 256 full tiles of the level below.
A tile grows until it is full and then never changes. Leaves alone cost 32 bytes an event, all levels 32.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ledger.merkle import HASH_BYTES, Node, Range, perfect_nodes, perfect_root, root_of_peaks

TILE_HEIGHT = 8
TILE_HASHES = 1 << TILE_HEIGHT
TILE_BYTES = TILE_HASHES * HASH_BYTES

Place = tuple[int, int]
"""(level, number) of a tile."""
Tiles = Mapping[Place, bytes]


class TileMissing(LookupError):
    """A tile that the tree rests on is not there, or too short. They are made again from the log."""


def edge(size: int) -> list[Place]:
    """Name the unfinished tiles of a tree of `size` leaves, from the leaves upwards: what growing and the root need."""
    places: list[Place] = []
    level = 0
    while size:
        if size % TILE_HASHES:
            places.append((level, size // TILE_HASHES))
        level, size = level + 1, size // TILE_HASHES
    return places


def grown(tiles: Tiles, size: int, leaf_hashes: Sequence[bytes]) -> dict[Place, bytes]:
    """Give the tiles that change when leaves are appended to a tree of `size`, of which `tiles` holds the edge.

    Raises TileMissing.
    """
    changed: dict[Place, bytes] = {}
    level, added = 0, b"".join(leaf_hashes)
    while added:
        number = size // TILE_HASHES
        content = _prefix(tiles, (level, number), size % TILE_HASHES) + added
        above: list[bytes] = []
        for at in range(0, len(content), TILE_BYTES):
            tile = content[at : at + TILE_BYTES]
            changed[level, number] = tile
            number += 1
            if len(tile) == TILE_BYTES:
                above.append(perfect_root(tile))
        level, size, added = level + 1, size // TILE_HASHES, b"".join(above)
    return changed


def root(tiles: Tiles, size: int) -> bytes:
    """Give the root of a tree of `size` leaves, of which `tiles` holds the edge. Raises TileMissing."""
    return root_of_range(tiles, (0, size))


def root_of_range(tiles: Tiles, leaves: Range) -> bytes:
    """Give the root of a subtree, of which `tiles` holds what `places` names. Raises TileMissing."""
    return root_of_peaks([_node(tiles, node) for node in perfect_nodes(*leaves)])


def places(ranges: Iterable[Range]) -> set[Place]:
    """Name the tiles that the roots of some subtrees are made of."""
    return {_slice(node)[0] for leaves in ranges for node in perfect_nodes(*leaves)}


def _node(tiles: Tiles, node: Node) -> bytes:
    place, first, count = _slice(node)
    hashes = _prefix(tiles, place, first + count)
    return perfect_root(hashes[first * HASH_BYTES :])


def _slice(node: Node) -> tuple[Place, int, int]:
    """Say which hashes of which tile a node is made of: place, first, count."""
    height, index = node
    level, above = divmod(height, TILE_HEIGHT)
    number, first = divmod(index << above, TILE_HASHES)
    return (level, number), first, 1 << above


def _prefix(tiles: Tiles, place: Place, count: int) -> bytes:
    """Give the first hashes of a tile, which may have grown since. Raises TileMissing."""
    hashes = tiles.get(place, b"")
    if len(hashes) < count * HASH_BYTES:
        level, number = place
        message = f"tile {number} of level {level} holds {len(hashes) // HASH_BYTES} hashes and not the {count} that are needed"
        raise TileMissing(message)
    return hashes[: count * HASH_BYTES]
