"""Which room a stay gets among those that are free for it: best fit, the one that leaves the longest free runs elsewhere.

Pure: rooms and nights are numbers, a room's taken nights the bits of a number (bit i is the ith night of whatever window the
caller looks at). What to do when no room is free for the whole stay is in `reshuffle`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from msgspec import Struct

MARGIN_NIGHTS = 30
"""Free nights beside a stay that count: a longer free run is as good as this one."""


class Lodged(Struct, frozen=True, gc=False):
    """A stay, or a block, in a room from night `first` up to, not including, `end`. `fixed`: it may not be moved."""

    key: Hashable
    room: int
    first: int
    end: int
    fixed: bool = False

    @property
    def nights(self) -> int:
        """Give the nights as bits."""
        return nights_of(self.first, self.end)


class Wanted(Struct, frozen=True, gc=False):
    """A new stay from night `first` up to, not including, `end`; in one of `rooms` only, when they are given."""

    first: int
    end: int
    rooms: frozenset[int] | None = None

    @property
    def nights(self) -> int:
        """Give the nights as bits."""
        return nights_of(self.first, self.end)


def nights_of(first: int, end: int) -> int:
    """Give the bits of the nights from `first` up to, not including, `end`."""
    return (1 << end) - (1 << first)


def spare_nights(taken: int, first: int, end: int) -> int:
    """Count a room's free nights that touch a stay on both sides, each side up to the margin: the fewer, the better it fits."""
    before, after = taken & (1 << first) - 1, taken >> end
    free_before = first - before.bit_length() if before else MARGIN_NIGHTS
    free_after = (after & -after).bit_length() - 1 if after else MARGIN_NIGHTS
    return min(free_before, MARGIN_NIGHTS) + min(free_after, MARGIN_NIGHTS)


def best_fit(taken: Sequence[int], wanted: Wanted, rank: Callable[[int], int] = lambda _: 0) -> list[int]:
    """List the rooms that are free for a stay, best first: by `rank` (low first), then by fit, then in the given order."""
    nights = wanted.nights
    free = [room for room, others in enumerate(taken) if not others & nights and (wanted.rooms is None or room in wanted.rooms)]
    return sorted(free, key=lambda room: (rank(room), spare_nights(taken[room], wanted.first, wanted.end)))


def every_night_has_room(taken: Sequence[int], wanted: Iterable[Wanted]) -> bool:
    """Tell whether on every night as many rooms are free as new stays want one, in whatever rooms that may be."""
    stays = list(wanted)
    return all(
        sum(others >> night & 1 for others in taken) + sum(stay.first <= night < stay.end for stay in stays) <= len(taken)
        for night in {night for stay in stays for night in range(stay.first, stay.end)}
    )
