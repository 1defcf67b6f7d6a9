"""How many per cent the nights of a stay cost together, whatever its length: seasons as sums up to each date they change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

WHOLE = Decimal(100)


Season = tuple[date, date, Decimal]
"""First night, last night, both included, and what a night costs in per cent of the base."""


class SeasonSums:
    """Percentages of all nights, summed up; a night of no season costs 100, and the first season that fits counts."""

    def __init__(self, seasons: Sequence[Season]) -> None:
        cuts = sorted({first for first, _, _ in seasons} | {last + timedelta(days=1) for _, last, _ in seasons})
        self._days = [cut.toordinal() for cut in cuts]
        self._percents = [_percent(seasons, cut) for cut in cuts]
        self._sums = [Decimal(0)]
        for place, day in enumerate(self._days[1:]):
            self._sums.append(self._sums[-1] + (day - self._days[place]) * self._percents[place])

    def between(self, arrival: date, departure: date) -> Decimal:
        """Add up the percentages of the nights from `arrival` up to, not including, `departure`."""
        return self._until(departure.toordinal()) - self._until(arrival.toordinal())

    def _until(self, day: int) -> Decimal:
        """Add up the nights before a day, from the first cut on; nights before that count as negative ones."""
        if not self._days:
            return day * WHOLE
        place = bisect_right(self._days, day) - 1
        if place < 0:
            return (day - self._days[0]) * WHOLE
        return self._sums[place] + (day - self._days[place]) * self._percents[place]


def _percent(seasons: Sequence[Season], night: date) -> Decimal:
    return next((percent for first, last, percent in seasons if first <= night <= last), WHOLE)
