"""Trees against the published vectors of Certificate Transparency and the worked example of RFC 6962."""

from __future__ import annotations

from hashlib import sha256

import pytest

from ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Range,
    consistency_ranges,
    inclusion_ranges,
    node_hash,
    perfect_nodes,
    proves_consistency,
    proves_inclusion,
)

LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
"""Source: the reference tests of Certificate Transparency (merkle_tree_test.cc), with the values that follow."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
BETWEEN = {
    (1, 1): [],
    (1, 8): PATHS[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def leaf(content: bytes) -> bytes:
    return sha256(b"\x00" + content).digest()


def subtree(leaves: Range) -> bytes:
    """Give the root over some of the vectors' leaves."""
    frontier = Frontier()
    for content in LEAVES[slice(*leaves)]:
        frontier.add(leaf(content))
    return frontier.root()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots(size: int) -> None:
    assert subtree((0, size)).hex() == ROOTS[size - 1]


def test_the_root_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("place", "path"), PATHS.items(), ids=str)
def test_inclusion_paths(place: tuple[int, int], path: list[str]) -> None:
    index, size = place
    made = [subtree(leaves) for leaves in inclusion_ranges(index, size)]
    assert [each.hex() for each in made] == path
    assert proves_inclusion(leaf(LEAVES[index]), index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("sizes", "path"), BETWEEN.items(), ids=str)
def test_consistency_paths(sizes: tuple[int, int], path: list[str]) -> None:
    old, new = sizes
    made = [subtree(leaves) for leaves in consistency_ranges(old, new)]
    assert [each.hex() for each in made] == path
    assert proves_consistency(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), made)


@pytest.mark.parametrize(
    ("index", "ranges"),
    [
        (0, [(1, 2), (2, 4), (4, 7)]),
        (3, [(2, 3), (0, 2), (4, 7)]),
        (4, [(5, 6), (6, 7), (0, 4)]),
        (6, [(4, 6), (0, 4)]),
    ],
)
def test_the_example_of_seven_leaves(index: int, ranges: list[Range]) -> None:
    """RFC 6962, section 2.1.3: PATH of d0 is [b, h, l], of d3 [c, g, l], of d4 [f, j, k], of d6 [i, k]."""
    assert inclusion_ranges(index, 7) == ranges


@pytest.mark.parametrize(
    ("old", "ranges"),
    [(3, [(2, 3), (3, 4), (0, 2), (4, 7)]), (4, [(4, 7)]), (6, [(4, 6), (6, 7), (0, 4)]), (7, [])],
)
def test_the_example_of_growing_to_seven(old: int, ranges: list[Range]) -> None:
    """RFC 6962, section 2.1.3: PROOF(3) is [c, d, g, l], PROOF(4) is [l], PROOF(6) is [i, j, k]."""
    assert consistency_ranges(old, 7) == ranges


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
def test_a_leaf_outside_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a tree"):
        inclusion_ranges(index, size)
    assert not proves_inclusion(leaf(b""), index, size, [], leaf(b""))


@pytest.mark.parametrize(("old", "new"), [(0, 8), (9, 8), (-1, 8)])
def test_sizes_that_cannot_be_compared(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="cannot be the proven beginning"):
        consistency_ranges(old, new)
    assert not proves_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, [])


def test_no_path_proves_no_growth() -> None:
    assert not proves_consistency(3, 8, bytes.fromhex(ROOTS[2]), bytes.fromhex(ROOTS[7]), [])
    assert not proves_consistency(8, 8, bytes.fromhex(ROOTS[7]), bytes.fromhex(ROOTS[7]), [EMPTY_ROOT])


def test_perfect_nodes_of_a_range() -> None:
    assert perfect_nodes(0, 7) == [(2, 0), (1, 2), (0, 6)]
    assert perfect_nodes(4, 7) == [(1, 2), (0, 6)]
    assert perfect_nodes(3, 3) == []


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = leaf(b"left"), leaf(b"right")
    assert leaf(left + right) != node_hash(left, right)


SIZES = [(old, new) for new in range(1, 18) for old in range(1, new + 1)]


def head(size: int) -> bytes:
    return range_root((0, size))


def range_root(leaves: Range) -> bytes:
    """Give the root over the numbers of a range, as leaves."""
    frontier = Frontier()
    for number in range(*leaves):
        frontier.add(leaf(bytes([number])))
    return frontier.root()


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_each_beginning_of_each_small_tree_is_proven_and_nothing_else(old: int, new: int) -> None:
    path = [range_root(leaves) for leaves in consistency_ranges(old, new)]
    assert proves_consistency(old, new, head(old), head(new), path)
    for wrong in (path[:-1], path[1:], [*path, EMPTY_ROOT], [EMPTY_ROOT, *path], [*path, head(new)]):
        assert wrong == path or not proves_consistency(old, new, head(old), head(new), wrong)
    assert not proves_consistency(old, new, EMPTY_ROOT, head(new), path)
    assert not proves_consistency(old, new, head(old), EMPTY_ROOT, path)


@pytest.mark.parametrize("size", range(1, 18))
def test_each_leaf_of_each_small_tree_is_proven_in_its_place_only(size: int) -> None:
    for index in range(size):
        path = [range_root(leaves) for leaves in inclusion_ranges(index, size)]
        found = [at for at in range(-1, size + 2) if proves_inclusion(leaf(bytes([index])), at, size, path, head(size))]
        assert found == [index]
        for wrong in (path[:-1], [*path, EMPTY_ROOT], [EMPTY_ROOT, *path]):
            assert wrong == path or not proves_inclusion(leaf(bytes([index])), index, size, wrong, head(size))
