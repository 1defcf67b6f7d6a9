"""What a room type has to give from one date on: a few numbers a date, the same number of bytes for every stay's length.

Each number says how much is missing to the best there can be, so that a date on which nothing was ever taken is all zeros,
and need not be written at all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from struct import Struct as Packing

from msgspec import Struct

from ledger.stay_dates import LONGEST_STAY_NIGHTS

MOST_ROOMS = 9
"""As many rooms as one hold may ask for, each number of rooms has a threshold of its own."""
NUMBERS = 1 + 2 * MOST_ROOMS
"""Rooms taken on the night; nights missing for 1 to 9 rooms each; the same when stays may be moved between rooms."""
PACKING = Packing(f"<{NUMBERS}H")


class FromDate(Struct, frozen=True, gc=False):
    """The numbers of a type with `rooms` rooms on one date. `lacking[k]` nights lack k + 1 rooms to the longest stay.

    `lacking` is what single rooms have; `shut` is what the house has while every night has enough free rooms, whichever.
    """

    rooms: int
    taken: int
    lacking: Sequence[int]
    shut: Sequence[int]

    @property
    def free(self) -> int:
        """How many rooms are free on the night."""
        return self.rooms - self.taken

    @property
    def longest(self) -> int:
        """How many nights the longest stay has that one room can take from this date on."""
        return LONGEST_STAY_NIGHTS - self.lacking[0] if self.rooms else 0

    def sure(self, nights: int) -> int:
        """Count the rooms, up to MOST_ROOMS, that are free for all of so many nights."""
        return self._count(self.lacking, nights)

    def at_most(self, nights: int) -> int:
        """Count the rooms, up to MOST_ROOMS, that could be freed by moving stays: exact when none is pinned to its room."""
        return self._count(self.shut, nights)

    def _count(self, missing: Sequence[int], nights: int) -> int:
        return bisect_right(missing, LONGEST_STAY_NIGHTS - nights, hi=min(self.rooms, MOST_ROOMS))


def unpacked(rooms: int, raw: bytes) -> list[FromDate]:
    """Read the numbers of consecutive dates of a type with `rooms` rooms."""
    return [
        FromDate(rooms, numbers[0], numbers[1 : 1 + MOST_ROOMS], numbers[1 + MOST_ROOMS :])
        for numbers in PACKING.iter_unpack(raw)
    ]
