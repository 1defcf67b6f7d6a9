"""What a guest may take instead when everything asked for is full: other dates, another room type, two rooms in turn.

Only what surely fits and has a price is proposed. All of it is told from one look at the dates around.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from ledger.money import Money, total
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates
from projections.from_date import FromDate
from queries.availability import AvailabilityQuery, DaysByType
from queries.hotel import Hotel
from queries.offers import Wish, lowest_total, types_for

DAYS_AROUND = 7
"""Arrivals so many days before and after the one asked for are looked at."""
MOST_DATES, MOST_SPLITS = 3, 2
"""What is proposed at most: other dates of each type, nearest first; ways to split the stay."""


@dataclass(frozen=True)
class Part:
    """Some of the nights, in rooms of one type. `from_total` is the lowest price for all rooms of the wish."""

    room_type: str
    dates: StayDates
    from_total: Money


@dataclass(frozen=True)
class Alternative:
    """One way out. `kind`: "dates", "room_type" or "split"; two parts follow each other."""

    kind: str
    parts: tuple[Part, ...]

    @property
    def from_total(self) -> Money:
        """What it costs in all, from."""
        return total((part.from_total for part in self.parts), self.parts[0].from_total.currency)


async def alternatives_for(
    query: AvailabilityQuery, hotel: Hotel, wish: Wish, today: date, wanted: Sequence[str] = ()
) -> list[Alternative]:
    """Propose what is free instead of the `wanted` room types, or of all that take the party; nearest first."""
    around = timedelta(days=DAYS_AROUND)
    first = max(today, wish.dates.arrival - around)
    last = max(wish.dates.arrival + around, wish.dates.departure - timedelta(days=1))
    return among(
        await query.days(first, last, wish.dates.departure + around, types_for(hotel, wish)), first, hotel, wish, wanted
    )


def among(found: DaysByType, first: date, hotel: Hotel, wish: Wish, wanted: Sequence[str] = ()) -> list[Alternative]:
    """Propose what is free by the numbers of the dates from `first` on: all arrivals around, and all nights of the stay."""
    around = _Around(hotel, wish, first, found)
    types = list(found.by_type)
    asked_for = [kind for kind in types if kind in wanted] if wanted else types
    return [
        *around.other_types([kind for kind in types if kind not in asked_for]),
        *(each for kind in asked_for for each in islice(around.other_dates(kind), MOST_DATES)),
        *islice((each for kind in asked_for for each in around.split(kind, types)), MOST_SPLITS),
    ]


class _Around:
    """The dates around a wish: what each type has to give from each of them on."""

    def __init__(self, hotel: Hotel, wish: Wish, first: date, found: DaysByType) -> None:
        self._hotel = hotel
        self._wish = wish
        self._first = first
        self._found = found.by_type

    def other_types(self, types: Sequence[str]) -> Iterator[Alternative]:
        for kind in types:
            yield from self._if_sold("room_type", [(kind, self._wish.dates)])

    def other_dates(self, kind: str) -> Iterator[Alternative]:
        """Move the stay by a day, by two, …, later before earlier."""
        for days in range(1, DAYS_AROUND + 1):
            for shift in (timedelta(days=days), timedelta(days=-days)):
                dates = StayDates(self._wish.dates.arrival + shift, self._wish.dates.departure + shift)
                if dates.arrival >= self._first:
                    yield from self._if_sold("dates", [(kind, dates)])

    def split(self, kind: str, types: Sequence[str]) -> Iterator[Alternative]:
        """Stay in one type as long as it can be had, and go on in the same type, or else in another one.

        To change as late as possible is enough: whoever has a room to the end from an earlier date has it from a later one.
        """
        arrival, departure = self._wish.dates.arrival, self._wish.dates.departure
        nights = self._longest(kind, arrival)
        change = arrival + timedelta(days=nights)
        if nights > 0 and change < departure:
            for after in sorted(types, key=lambda other: other != kind):
                parts = [(kind, StayDates(arrival, change)), (after, StayDates(change, departure))]
                yield from islice(self._if_sold("split", parts), 1)

    def _longest(self, kind: str, arrival: date) -> int:
        """Give how many nights the rooms of the wish can be had from a date on."""
        lacking = self._at(kind, arrival).lacking[self._wish.rooms - 1]
        return LONGEST_STAY_NIGHTS - lacking if self._wish.rooms <= self._at(kind, arrival).rooms else 0

    def _at(self, kind: str, day: date) -> FromDate:
        return self._found[kind][(day - self._first).days]

    def _if_sold(self, kind: str, parts: Sequence[tuple[str, StayDates]]) -> Iterator[Alternative]:
        """Give the alternative when all its parts are free and have a price."""
        priced = [self._priced(room_type, dates) for room_type, dates in parts]
        if all(priced):
            yield Alternative(kind, tuple(part for part in priced if part))

    def _priced(self, room_type: str, dates: StayDates) -> Part | None:
        wish = self._wish
        if self._at(room_type, dates.arrival).sure(dates.nights) < wish.rooms:
            return None
        lowest = lowest_total(self._hotel, room_type, Wish(dates, wish.adults, wish.children, wish.rooms))
        return Part(room_type, dates, total([lowest] * wish.rooms, lowest.currency)) if lowest else None
