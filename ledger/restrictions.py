"""What a hotel does not sell although rooms are free: closed dates, arrivals and departures, stays too short or too long.

Rows are as the hotel wrote them; compiled they answer with a few look-ups, whatever the length of the stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct

from ledger.refusal import Refusal
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates


class Restriction(Struct, frozen=True, kw_only=True):
    """What the dates from `first` to `last`, both included, do not allow. An empty type, plan or list of weekdays means all.

    `weekdays`: 0 is Monday. `min_nights` and `max_nights` hold for stays that arrive on such a date, `min_nights_through`
    for every stay that has one of the nights; 0 means no such rule.
    """

    first: date
    last: date
    room_type: str = ""
    rate_plan: str = ""
    weekdays: tuple[int, ...] = ()
    stop_sell: bool = False
    closed_to_arrival: bool = False
    closed_to_departure: bool = False
    min_nights: int = 0
    max_nights: int = 0
    min_nights_through: int = 0

    def concerns(self, room_type: str, rate_plan: str) -> bool:
        """Tell whether a room type as a rate plan is meant."""
        return self.room_type in {"", room_type} and self.rate_plan in {"", rate_plan}


class DayRules(Struct, frozen=True):
    """What holds on one date. `shortest` and `longest` are nights of a stay that arrives on it."""

    stop_sell: bool
    closed_to_arrival: bool
    closed_to_departure: bool
    shortest: int
    longest: int


class Restrictions:
    """All restrictions of a property, compiled for a room type as a rate plan when first asked for."""

    class StopSell(Refusal):
        code = "restriction.stop_sell"
        field = "arrival"

    class ClosedToArrival(Refusal):
        code = "restriction.closed_to_arrival"
        field = "arrival"

    class ClosedToDeparture(Refusal):
        code = "restriction.closed_to_departure"
        field = "departure"

    class MinStay(Refusal):
        code = "restriction.min_stay"
        field = "departure"

    class MaxStay(Refusal):
        code = "restriction.max_stay"
        field = "departure"

    class MinStayThrough(Refusal):
        code = "restriction.min_stay_through"
        field = "departure"

    def __init__(self, rows: Sequence[Restriction]) -> None:
        self._rows = rows
        self._compiled: dict[tuple[str, str], _Compiled | None] = {}

    def check(self, room_type: str, rate_plan: str, dates: StayDates) -> None:
        """Refuse a stay that is not sold. Raises the refusals above, in their order."""
        compiled = self._of(room_type, rate_plan)
        if compiled is not None:
            compiled.check(dates)

    def on(self, room_type: str, rate_plan: str, day: date) -> DayRules:
        """Say what holds on a date."""
        compiled = self._of(room_type, rate_plan)
        return compiled.on(day) if compiled else DayRules(False, False, False, 1, LONGEST_STAY_NIGHTS)  # noqa: FBT003 - nothing is closed

    def _of(self, room_type: str, rate_plan: str) -> _Compiled | None:
        if not self._rows:
            return None
        key = (room_type, rate_plan)
        if key not in self._compiled:
            rows = [row for row in self._rows if row.concerns(room_type, rate_plan)]
            self._compiled[key] = _Compiled(rows) if rows else None
        return self._compiled[key]


class _Compiled:
    """Lists by date, from the first to the last date of any row; outside of them nothing is restricted."""

    def __init__(self, rows: Sequence[Restriction]) -> None:
        self._first = min(row.first for row in rows).toordinal()
        self._days = max(row.last for row in rows).toordinal() + 1 - self._first
        self._rows = rows
        stopped = self._listed(lambda row: int(row.stop_sell), max)
        self._stop_sell = stopped
        self._closed_to_arrival = self._listed(lambda row: int(row.closed_to_arrival), max)
        self._closed_to_departure = self._listed(lambda row: int(row.closed_to_departure), max)
        self._shortest = self._listed(lambda row: row.min_nights, max)
        self._longest = self._listed(lambda row: row.max_nights, lambda one, other: min(one, other) if one else other)
        self._sold_until = self._until_next(stopped)
        self._through = _Maxima(self._listed(lambda row: row.min_nights_through, max))

    def check(self, dates: StayDates) -> None:
        """Refuse a stay; the refusals come in the order of their classes."""
        nights, arrival = dates.nights, self._place(dates.arrival)
        begin, end = max(0, arrival), arrival + nights
        if begin < self._days and self._sold_until[begin] < end:
            closed = date.fromordinal(self._first + self._sold_until[begin])
            raise Restrictions.StopSell(f"This is not sold on {closed}: choose other dates or another offer.", date=closed)
        if self._at(self._closed_to_arrival, arrival):
            raise Restrictions.ClosedToArrival(f"Nobody can arrive on {dates.arrival}: choose another day of arrival.")
        if self._at(self._closed_to_departure, end):
            raise Restrictions.ClosedToDeparture(f"Nobody can leave on {dates.departure}: choose another day of departure.")
        shortest, longest = self._at(self._shortest, arrival), self._at(self._longest, arrival)
        if nights < shortest:
            raise Restrictions.MinStay(
                f"Arriving on {dates.arrival}, stay at least {shortest} nights, or choose another day.", min_nights=shortest
            )
        if longest and nights > longest:
            raise Restrictions.MaxStay(
                f"Arriving on {dates.arrival}, stay at most {longest} nights, or choose another day.", max_nights=longest
            )
        through = self._through.largest(begin, min(end, self._days))
        if nights < through:
            raise Restrictions.MinStayThrough(
                f"A stay on these nights needs at least {through} of them: stay longer.", min_nights=through
            )

    def on(self, day: date) -> DayRules:
        place = self._place(day)
        return DayRules(
            bool(self._at(self._stop_sell, place)), bool(self._at(self._closed_to_arrival, place)),
            bool(self._at(self._closed_to_departure, place)),
            max(1, self._at(self._shortest, place), self._through.largest(max(0, place), min(place + 1, self._days))),
            self._at(self._longest, place) or LONGEST_STAY_NIGHTS,
        )  # fmt: skip

    def _place(self, day: date) -> int:
        return day.toordinal() - self._first

    def _at(self, listed: Sequence[int], place: int) -> int:
        return listed[place] if 0 <= place < self._days else 0

    def _listed(self, value: Callable[[Restriction], int], stricter: Callable[[int, int], int]) -> list[int]:
        """List the strictest value of all rows date by date; 0 where there is none."""
        listed = [0] * self._days
        for row in self._rows:
            if said := value(row):
                for day in _dates(row):
                    place = self._place(day)
                    listed[place] = stricter(listed[place], said)
        return listed

    def _until_next(self, closed: Sequence[int]) -> list[int]:
        """List for each date the place of the first closed one from it on."""
        until = [0] * self._days
        following = self._days + LONGEST_STAY_NIGHTS
        for place in reversed(range(self._days)):
            following = place if closed[place] else following
            until[place] = following
        return until


class _Maxima:
    """The largest value of any range of a list with two look-ups: the maxima of all ranges of 1, 2, 4, … are kept."""

    def __init__(self, values: list[int]) -> None:
        self._levels = [values] if any(values) else []
        width = 1
        while self._levels and 2 * width <= min(len(values), LONGEST_STAY_NIGHTS):
            below = self._levels[-1]
            self._levels.append([max(pair) for pair in zip(below, below[width:], strict=False)])
            width *= 2

    def largest(self, begin: int, end: int) -> int:
        """Give the largest value from `begin` up to, not including, `end`; 0 for an empty range."""
        if not self._levels or begin >= end:
            return 0
        level = (end - begin).bit_length() - 1
        kept = self._levels[level]
        return max(kept[begin], kept[end - (1 << level)])


def _dates(row: Restriction) -> Iterator[date]:
    for place in range((row.last - row.first).days + 1):
        day = row.first + timedelta(days=place)
        if not row.weekdays or day.weekday() in row.weekdays:
            yield day
