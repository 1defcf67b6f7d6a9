"""The nights of a room type's rooms as one number, and what can be told from it without looking at each room.

No Redis here and no ledger: whoever has read the nights puts them in. A hotel of any size costs a few operations on
large integers, and one look at each room that is proposed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ledger.stay_dates import StayDates

MARGIN_NIGHTS = 30
"""Nights before and after a stay that are looked at to find the room that leaves the longest free runs."""


@dataclass(frozen=True)
class TakenNights:
    """`stride` bits a room, the first room's lowest: bit i of a room is set when night `first` + i is held or booked."""

    rooms: Sequence[str]
    first: date
    stride: int
    bits: int

    def by_room(self) -> Iterator[tuple[str, int]]:
        """Give each room's nights: bit i is set when night `first` + i is taken."""
        one_room = (1 << self.stride) - 1
        for place, room in enumerate(self.rooms):
            yield room, self.bits >> place * self.stride & one_room

    def best(self, dates: StayDates, begin: int, most: int) -> tuple[str, ...]:
        """Propose at most `most` rooms that are free: first those that leave the longest free runs elsewhere.

        Among equals the first one from place `begin` on comes first, so that guests who ask at once get different rooms.
        """
        free = list(self._free(dates))
        cut = bisect_left(free, begin % len(self.rooms))
        in_turn = free[cut:] + free[:cut]
        in_turn.sort(key=self._spare(self._bit(dates.arrival), self._bit(dates.departure)))
        return tuple(self.rooms[place] for place in in_turn[:most])

    def _spare(self, arrival: int, departure: int) -> Callable[[int], int]:
        """Count a room's free nights that would touch the stay on both sides, up to the margin: the fewer, the better."""
        nights_before, one_room = (1 << arrival) - 1, (1 << self.stride) - 1

        def spare(place: int) -> int:
            room = self.bits >> place * self.stride & one_room
            if not room:
                return 2 * MARGIN_NIGHTS
            before, after = room & nights_before, room >> departure
            free_before = arrival - before.bit_length() if before else MARGIN_NIGHTS
            free_after = (after & -after).bit_length() - 1 if after else MARGIN_NIGHTS
            return min(free_before, MARGIN_NIGHTS) + min(free_after, MARGIN_NIGHTS)

        return spare

    def _free(self, dates: StayDates) -> Iterator[int]:
        """Give the places of the rooms that are free for all the nights, in order."""
        marks = self._first_bits() << self._bit(dates.departure)
        free = marks & ~self._full(dates)
        while free:
            lowest = free & -free
            yield (lowest.bit_length() - 1) // self.stride
            free ^= lowest

    def _full(self, dates: StayDates) -> int:
        """Mark, at the bit of the departure, each room that is taken on one of the nights.

        Adding ones all over the nights carries into the bit after them exactly when one of them was set; that bit belongs
        to the same room, because a room's bits reach at least to the date of departure.
        """
        every = self._first_bits()
        nights = ((1 << dates.nights) - 1 << self._bit(dates.arrival)) * every
        return (self.bits & nights) + nights & every << self._bit(dates.departure)

    def _first_bits(self) -> int:
        return _repeated(self.stride, len(self.rooms))

    def _bit(self, night: date) -> int:
        return night.toordinal() - self.first.toordinal()


@lru_cache(maxsize=1024)
def _repeated(stride: int, times: int) -> int:
    """Give a number with `times` bits set, `stride` apart, the lowest first."""
    return ((1 << stride * times) - 1) // ((1 << stride) - 1)
