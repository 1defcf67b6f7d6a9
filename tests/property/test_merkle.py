"""Laws of trees and tiles, against a model that follows the definitions of RFC 6962 word by word."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import merkle_tiles
from ledger.merkle import Frontier, consistency_ranges, inclusion_ranges, perfect_root, proves_consistency, proves_inclusion
from ledger.merkle_tiles import Place

SIZES = st.integers(1, 700)


@cache
def leaf(number: int) -> bytes:
    return sha256(b"\x00" + number.to_bytes(4, "big")).digest()


def head(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = largest_below(len(leaves))
    return sha256(b"\x01" + head(leaves[:half]) + head(leaves[half:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = largest_below(len(leaves))
    if index < half:
        return [*path(index, leaves[:half]), head(leaves[half:])]
    return [*path(index - half, leaves[half:]), head(leaves[:half])]


def proof(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [head(leaves)]
    half = largest_below(len(leaves))
    if old <= half:
        return [*proof(old, leaves[:half], whole=whole), head(leaves[half:])]
    return [*proof(old - half, leaves[half:], whole=False), head(leaves[:half])]


def largest_below(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def kept(size: int, steps: list[int]) -> dict[Place, bytes]:
    """Give the tiles of a tree that grew by these steps, each knowing only the edge of the one before."""
    tiles: dict[Place, bytes] = {}
    done = 0
    for step in [*steps, size]:
        leaves = [leaf(number) for number in range(done, min(size, done + step))]
        tiles |= merkle_tiles.grown(only_edge(tiles, done), done, leaves)
        done += len(leaves)
    return tiles


def only_edge(tiles: dict[Place, bytes], size: int) -> dict[Place, bytes]:
    return {place: tiles[place] for place in merkle_tiles.edge(size)}


@given(SIZES)
def test_a_frontier_has_the_head_of_the_definition(size: int) -> None:
    frontier = Frontier()
    for number in range(size):
        frontier.add(leaf(number))
    assert frontier.root() == head([leaf(number) for number in range(size)])


@given(SIZES, st.data())
def test_paths_are_those_of_the_definition_and_hold(size: int, choice: st.DataObject) -> None:
    leaves = [leaf(number) for number in range(size)]
    index, old = choice.draw(st.integers(0, size - 1)), choice.draw(st.integers(1, size))
    tiles = kept(size, [])
    to_root = [merkle_tiles.root_of_range(tiles, each) for each in inclusion_ranges(index, size)]
    assert to_root == path(index, leaves)
    assert proves_inclusion(leaves[index], index, size, to_root, head(leaves))
    between = [merkle_tiles.root_of_range(tiles, each) for each in consistency_ranges(old, size)]
    assert between == proof(old, leaves)
    assert proves_consistency(old, size, head(leaves[:old]), head(leaves), between)


@given(SIZES, st.data())
def test_a_path_proves_nothing_else(size: int, choice: st.DataObject) -> None:
    """Any other leaf, index, size, root or node: refused."""
    leaves = [leaf(number) for number in range(size)]
    index = choice.draw(st.integers(0, size - 1))
    to_root, top = path(index, leaves), head(leaves)
    other = choice.draw(st.integers(0, size + 3))
    assume(other != index)
    assert not proves_inclusion(leaf(size), index, size, to_root, top)
    assert not proves_inclusion(leaves[index], other, size, to_root, top)
    assert not proves_inclusion(leaves[index], index, size, to_root, leaf(size))
    assert not proves_inclusion(leaves[index], index, size, [*to_root, leaf(0)], top)
    for place in range(len(to_root)):
        assert not proves_inclusion(leaves[index], index, size, [*to_root[:place], leaf(size), *to_root[place + 1 :]], top)
        assert not proves_inclusion(leaves[index], index, size, to_root[:place] + to_root[place + 1 :], top)


@given(st.integers(2, 700), st.data())
def test_a_history_that_was_changed_is_not_consistent(size: int, choice: st.DataObject) -> None:
    leaves = [leaf(number) for number in range(size)]
    old, changed = choice.draw(st.integers(1, size - 1)), choice.draw(st.integers(0, size))
    assume(changed < old)
    others = [*leaves[:changed], leaf(size), *leaves[changed + 1 :]]
    assert not proves_consistency(old, size, head(leaves[:old]), head(others), proof(old, others))
    assert not proves_consistency(old, size, head(leaves[:old]), head(others), proof(old, leaves))


@given(st.integers(1, 1500), st.lists(st.integers(0, 400), max_size=6))
def test_tiles_are_the_same_however_they_grew(size: int, steps: list[int]) -> None:
    tiles = kept(size, steps)
    assert tiles == kept(size, [])
    frontier = Frontier()
    for number in range(size):
        frontier.add(leaf(number))
    assert merkle_tiles.root(only_edge(tiles, size), size) == frontier.root()
    assert all(len(tile) <= merkle_tiles.TILE_BYTES for tile in tiles.values())


@given(st.integers(1, 1500), st.data())
def test_a_proof_needs_only_the_tiles_it_names_also_when_they_have_grown(size: int, choice: st.DataObject) -> None:
    old = choice.draw(st.integers(1, size))
    index = choice.draw(st.integers(0, old - 1))
    grown = kept(size, [])
    ranges = inclusion_ranges(index, old)
    named = {place: grown[place] for place in merkle_tiles.places(ranges)}
    to_root = [merkle_tiles.root_of_range(named, each) for each in ranges]
    assert proves_inclusion(leaf(index), index, old, to_root, merkle_tiles.root(grown, old))
    assert len(named) <= 4


def test_a_tile_above_is_the_roots_of_those_below() -> None:
    tiles = kept(600, [])
    assert sorted(tiles) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert tiles[1, 0] == perfect_root(tiles[0, 0]) + perfect_root(tiles[0, 1])


@pytest.mark.parametrize("size", [255, 256, 257, 65_535, 65_536, 65_537])
def test_tiles_where_a_level_is_filled(size: int) -> None:
    tiles = kept(size, [1, 254, 1, 1, 65_278, 1])
    frontier = Frontier()
    for number in range(size):
        frontier.add(leaf(number))
    assert merkle_tiles.root(only_edge(tiles, size), size) == frontier.root()
    assert max(level for level, _ in tiles) == (2 if size >= 65_536 else 1 if size >= 256 else 0)


@pytest.mark.parametrize("length", [0, 31, 87 * 32])
def test_a_tile_that_is_missing_or_short_is_named(length: int) -> None:
    tiles = kept(600, [])
    tiles[0, 2] = tiles[0, 2][:length]
    with pytest.raises(merkle_tiles.TileMissing, match="tile 2 of level 0 holds"):
        merkle_tiles.root(tiles, 600)
