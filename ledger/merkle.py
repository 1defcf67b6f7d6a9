"""Merkle trees as in RFC 6962: heads, inclusion and consistency proofs, and their verification. Pure; knows no events.

A tree is seen as ranges of leaves `(begin, end)`, half-open. What a proof consists of is said as ranges first, so that
whoever keeps the nodes (`ledger/merkle_tiles.py`) can fetch just those.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
NODE_PREFIX = b"\x01"
EMPTY_ROOT = sha256(b"").digest()

Range = tuple[int, int]
Node = tuple[int, int]
"""(height, index): the perfect subtree over the 2**height leaves from index * 2**height on."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(NODE_PREFIX + left + right).digest()


def perfect_root(hashes: bytes) -> bytes:
    """Give the root over 2**n hashes that stand one behind the other."""
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([sha256(NODE_PREFIX + hashes[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return hashes


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """Give the root of a tree from its perfect subtrees, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


class Frontier:
    """A growing tree of which only the perfect subtrees are kept: log2(size) hashes, however long the log is."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf_hash: bytes) -> None:
        """Append a leaf."""
        waiting = self.size
        while waiting & 1:
            leaf_hash = node_hash(self._peaks.pop(), leaf_hash)
            waiting >>= 1
        self._peaks.append(leaf_hash)
        self.size += 1

    def root(self) -> bytes:
        """Give the root over all leaves so far."""
        return root_of_peaks(self._peaks)


def perfect_nodes(begin: int, end: int) -> list[Node]:
    """Cut a range into perfect subtrees, the largest first. It must begin where a subtree of its size may begin."""
    nodes: list[Node] = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        nodes.append((height, begin >> height))
        begin += 1 << height
    return nodes


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """List the subtrees whose roots prove that leaf `index` is in a tree of `size` leaves, from the leaf upwards.

    Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        message = f"leaf {index} is not in a tree of {size} leaves"
        raise ValueError(message)
    ranges: list[Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """List the subtrees whose roots prove that a tree of `old` leaves is the beginning of one of `new` leaves.

    Raises ValueError when the old tree is empty or larger than the new one.
    """
    if not 0 < old <= new:
        message = f"a tree of {old} leaves cannot be the proven beginning of one of {new}"
        raise ValueError(message)
    ranges: list[Range] = []
    begin, end, is_whole = 0, new, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, is_whole = middle, False
    if not is_whole:
        ranges.append((begin, end))
    return ranges[::-1]


def _split(size: int) -> int:
    """Give the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def proves_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a path leads from a leaf to the root. Source: RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a path shows the old tree to be the beginning of the new one. Source: RFC 9162, section 2.1.4.2."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    nodes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not nodes:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root
