"""The nights of one room type's rooms, and what it has to give from each date on. No Redis here, and no events.

Days are counted from wherever the caller counts. A change of a night is followed to those dates only whose numbers it can
change: back to the last night on which the room stays taken, and no further than the longest stay.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ledger.stay_dates import LONGEST_STAY_NIGHTS
from projections.from_date import MOST_ROOMS, PACKING

NEVER = 1 << 32
"""Later than every day."""


class Span(NamedTuple):
    """Days, both ends included."""

    first: int
    last: int


class RoomRuns:
    """Keeps the numbers of `from_date` for the days on which something is taken; beyond, everything is free."""

    def __init__(self, rooms: Sequence[str], bits: Mapping[str, int]) -> None:
        """Begin with the nights that are taken: bit d of a room's number is day d."""
        self.rooms = tuple(rooms)
        self._place = {room: number for number, room in enumerate(rooms)}
        self._bits = [bits.get(room, 0) for room in rooms]
        self._most = min(MOST_ROOMS, len(rooms))
        self._taken: list[int] = []
        self._columns = [array("H") for _ in range(1 + 2 * MOST_ROOMS)]
        days = max((taken.bit_length() for taken in self._bits), default=0)
        self._reach(days)
        self._taken[:days] = _turned(self._bits, days)
        if days:
            self._refresh(range(days), [Span(0, days - 1)])

    def is_taken(self, room: str, day: int) -> bool:
        """Tell whether a room is taken on a day."""
        return bool(self._bits[self._place[room]] >> day & 1)

    def take(self, changes: Mapping[tuple[str, int], bool]) -> list[Span]:
        """Take over what is taken and free now by (room, day), all of it other than before; give the days that changed."""
        self._reach(max(day for _, day in changes) + 1)
        before: dict[int, int] = {}
        for room, day in changes:
            place = self._place[room]
            before.setdefault(place, self._bits[place])
            self._bits[place] ^= 1 << day
            self._taken[day] ^= 1 << place
        spans = [span for place, bits in before.items() for span in self._touched(bits, self._bits[place])]
        return self._refresh({day for _, day in changes}, _merged(spans))

    def _touched(self, before: int, after: int) -> Iterator[Span]:
        """Give the days on which one room, with other nights than before, can change what the best rooms can give.

        Its stays from such a day end, before or after, by the next night that stays taken. Where that is earlier than what
        the last of the best rooms could give until now, the room was not among them and is not now. They end the later,
        the later the day, so those days come first.
        """
        still, changed = before & after, before ^ after
        most = self._columns[self._most]
        while changed:
            first = _lowest(changed)
            last = first + _lowest(~(changed >> first)) - 1
            changed = changed >> last + 1 << last + 1
            begin = _first_touched(still, first)
            later = still >> last + 1
            end = last + 1 + _lowest(later) if later else last + 1 + LONGEST_STAY_NIGHTS
            days = range(begin, last + 1)
            reached = bisect_right(days, end - LONGEST_STAY_NIGHTS, key=lambda day: day - most[day])
            if reached:
                yield Span(begin, begin + reached - 1)

    def every(self) -> list[Span]:
        """Give the days with numbers to write, when nothing is written yet."""
        return _spans({day for day in range(len(self._taken)) if any(column[day] for column in self._columns)})

    def packed(self, span: Span) -> bytes:
        """Write the numbers of some days."""
        self._reach(span.last + 1)
        columns = [column[span.first : span.last + 1] for column in self._columns]
        return b"".join(PACKING.pack(*numbers) for numbers in zip(*columns, strict=True))

    def _reach(self, days: int) -> None:
        """Have room for so many days, and for the longest stay behind them."""
        missing = days + LONGEST_STAY_NIGHTS - len(self._taken)
        if missing > 0:
            self._taken += [0] * missing
            for column in self._columns:
                column.extend([0] * missing)

    def _refresh(self, days: Iterable[int], spans: Iterable[Span]) -> list[Span]:
        """Work the numbers out again: of `days` how many rooms are taken, and of `spans` what single rooms can give."""
        taken, lacking, shut = self._columns[0], self._columns[1 : 1 + self._most], self._columns[1 + MOST_ROOMS :]
        days = sorted(days, reverse=True)
        dirty = {day for day in days if taken[day] != self._taken[day].bit_count()}
        for day in dirty:
            taken[day] = self._taken[day].bit_count()
        for rooms, column in enumerate(shut[: self._most], 1):
            dirty.update(_close(column, taken, len(self.rooms) - rooms, days))
        for span in spans:
            dirty.update(self._rerun(lacking, span))
        return _spans(dirty)

    def _rerun(self, lacking: Sequence[array[int]], span: Span) -> Iterator[int]:
        """Work out what single rooms can give from each day of a span; give the days that have other numbers now."""
        first, last = span
        for column, now in zip(lacking, self._lacking(span), strict=True):
            before = column[first : last + 1]
            if now != before:
                column[first : last + 1] = now
                yield from (day for day, one, other in zip(range(first, last + 1), before, now, strict=True) if one != other)

    def _lacking(self, span: Span) -> list[array[int]]:
        """Say for one, two … rooms and each day of a span how many nights the longest stay that they can take lacks.

        The nights that the most rooms can take move on with the day. What is taken on them is the union of `near[-1]`, the
        first ones, and `far`, those behind them; each night joins both once, however long the stays are. Fewer rooms can
        take more: those that are still free on the night that ends it, each until it is taken.
        """
        taken, most = self._taken, len(self.rooms) - self._most
        found = [array("H", bytes(2 * (span.last + 1 - span.first))) for _ in range(self._most)]
        near: list[int] = []
        far, end, longer = 0, span.first, _Longer(self._bits)
        for place, day in enumerate(range(span.first, span.last + 1)):
            before = near[-1] if near else 0
            limit = day + LONGEST_STAY_NIGHTS
            while end < limit:
                wider = far | taken[end]
                if (before | wider).bit_count() > most:
                    ends = longer.than(end, before | wider)
                    for rooms, column in enumerate(found):
                        column[place] = max(0, limit - (ends[rooms] if rooms < len(ends) else end))
                    break
                far, end = wider, end + 1
            if end == day:
                end += 1
            elif near:
                near.pop()
            else:
                near, far = _unions(taken[day + 1 : end]), 0
        return found


class _Longer:
    """Finds until when those rooms stay free that are free longer than others; the same question is answered once."""

    def __init__(self, bits: Sequence[int]) -> None:
        self._bits = bits
        self._every = (1 << len(bits)) - 1
        self._asked = (0, 0)
        self._ends: list[int] = []

    def than(self, end: int, taken: int) -> list[int]:
        """Give the next night taken of each room that is not among the taken ones on `end`, the last first."""
        if self._asked != (end, taken):
            self._asked, self._ends = (end, taken), sorted(self._each(end, self._every ^ taken), reverse=True)
        return self._ends

    def _each(self, end: int, free: int) -> Iterator[int]:
        while free:
            later = self._bits[_lowest(free)] >> end
            yield end + _lowest(later) if later else NEVER
            free &= free - 1


def _unions(nights: Sequence[int]) -> list[int]:
    """Give the unions of the last night, the last two, … all of them: without the first ones they fall off at the end."""
    unions: list[int] = []
    union = 0
    for night in reversed(nights):
        union |= night
        unions.append(union)
    return unions


def _close(column: array[int], taken: array[int], most: int, days: Iterable[int]) -> Iterator[int]:
    """Say again how many nights lack until the next one with more than `most` rooms taken; `days` come last first."""
    for changed in days:
        day = changed
        while day >= 0:
            now = LONGEST_STAY_NIGHTS if taken[day] > most else max(0, column[day + 1] - 1)
            if column[day] == now:
                break
            column[day] = now
            yield day
            day -= 1


def _lowest(bits: int) -> int:
    """Give the place of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1


def _first_touched(still_taken: int, day: int) -> int:
    """Give the first day from which a stay could reach a day in a room with these nights taken, before and after."""
    return max((still_taken & (1 << day) - 1).bit_length(), day + 1 - LONGEST_STAY_NIGHTS, 0)


def _turned(bits: Sequence[int], days: int) -> Iterator[int]:
    """Turn one number a room into one number a day: bit r is the room at place r."""
    if bits and days:
        rows = [f"{room:0{days}b}" for room in reversed(bits)]
        yield from reversed([int("".join(column), 2) for column in zip(*rows, strict=True)])


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans that touch or overlap."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return joined


def _spans(days: Iterable[int]) -> list[Span]:
    """Cut days into spans without a hole."""
    ordered = sorted(days)
    if not ordered:
        return []
    holes = [(one, other) for one, other in pairwise(ordered) if other > one + 1]
    firsts = [ordered[0], *(after for _, after in holes)]
    return [Span(*ends) for ends in zip(firsts, [*(before for before, _ in holes), ordered[-1]], strict=True)]
