"""What a follower keeps at hand between two batches, so that it need not read back what it has just written.

Kept things are right only while nobody else moves the model: they are lent for one generation at one position, and what is
not given back, because the batch failed or another follower was first, is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")
MOST_KEPT = 5_000
"""Documents of reservations kept at most, about ten kilobytes each; the least recently touched go first."""


class Kept(Generic[T]):
    """Folded things by id, for one follower."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._place = (0, 0)
        self._things: OrderedDict[UUID, T] = OrderedDict()

    def lend(self, generation: int, position: int) -> OrderedDict[UUID, T]:
        """Hand out what is kept, to be changed, when it is that of a generation at a position; else nothing."""
        lent, self._things = self._things, OrderedDict()
        return lent if self._place == (generation, position) else OrderedDict()

    def keep(self, generation: int, position: int, things: OrderedDict[UUID, T], touched: Iterable[UUID]) -> None:
        """Take things back that are true at a position now; those that were not touched for the longest go."""
        for subject in touched:
            things.move_to_end(subject)
        while len(things) > self._most:
            things.popitem(last=False)
        self._place, self._things = (generation, position), things
