"""What the clock on the wall of a hotel says, by the rules of three countries written out by hand.

No time zone database is asked: this is the second opinion on what the product asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

HOURS = timedelta(hours=1)
SAMOA_SKIPPED = date(2011, 12, 30)
"""A date that never was in Samoa: the evening of the 29th was followed by the morning of the 31st."""


def _sunday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))


def _utc(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def _colombo(_: datetime) -> timedelta:
    return 5.5 * HOURS


def _new_york(moment: datetime) -> timedelta:
    """Summer time from the second Sunday of March to the first of November, two in the morning (since 2007)."""
    begins, ends = _utc(_sunday(moment.year, 3, 2), 7), _utc(_sunday(moment.year, 11, 1), 6)
    return -4 * HOURS if begins <= moment < ends else -5 * HOURS


def _apia(moment: datetime) -> timedelta:
    """East of the date line until 29 December 2011, west of it since; of the summer times only those around then."""
    if moment < _utc(SAMOA_SKIPPED, 10):
        return -10 * HOURS
    return 14 * HOURS if moment < _utc(date(2012, 3, 31), 14) else 13 * HOURS


AHEAD: dict[str, Callable[[datetime], timedelta]] = {
    "Asia/Colombo": _colombo,
    "America/New_York": _new_york,
    "Pacific/Apia": _apia,
}
"""How far each zone is ahead of UTC at a UTC moment."""

TURNS = {
    "Asia/Colombo": (date(2027, 2, 28), date(2028, 2, 28), date(2027, 12, 31)),
    "America/New_York": (date(2027, 3, 14), date(2027, 11, 7), date(2028, 3, 12), date(2126, 3, 10), date(2126, 11, 3)),
    "Pacific/Apia": (SAMOA_SKIPPED, date(2012, 4, 1), date(2027, 4, 4), date(2027, 9, 26)),
}
"""Dates around which a stay may lose or gain a night when somebody counts hours."""


def date_at(zone: str, moment: datetime) -> date:
    """Give the date on the wall at a UTC moment."""
    return (moment + AHEAD[zone](moment)).date()


def moment_of(zone: str, day: date, clock: time) -> datetime:
    """Give the UTC moment at which the wall shows `clock` on `day`: the first of two, and as before the turn where none is."""
    wall = datetime.combine(day, clock, UTC)
    ahead = AHEAD[zone]
    around = [ahead(wall - timedelta(hours=26)), ahead(wall + timedelta(hours=26))]
    fits = [wall - offset for offset in around if ahead(wall - offset) == offset]
    return min(fits, default=wall - around[0])


def exists(zone: str, day: date) -> bool:
    """Tell whether the wall ever shows this date at noon."""
    return date_at(zone, moment_of(zone, day, time(12))) == day
