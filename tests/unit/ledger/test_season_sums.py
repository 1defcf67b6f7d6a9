"""Percentages summed up to the dates they change, beside adding them up night by night."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.season_sums import Season, SeasonSums

FIRST = date(2027, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def season(first: int, last: int, percent: int) -> Season:
    return day(first), day(last), Decimal(percent)


def naive(seasons: list[Season], arrival: int, departure: int) -> Decimal:
    """Ask every night for the first season that fits."""
    nights = [day(number) for number in range(arrival, departure)]
    found = [[percent for first, last, percent in seasons if first <= night <= last] for night in nights]
    return sum((percents[0] if percents else Decimal(100) for percents in found), Decimal(0))


@pytest.mark.parametrize(
    ("arrival", "departure", "percents"),
    [
        (0, 4, 400), (3, 5, 200), (4, 6, 250), (5, 6, 150), (5, 8, 450), (7, 8, 150), (7, 9, 350), (8, 9, 200), (8, 10, 400),
        (9, 11, 300), (10, 12, 200), (0, 12, 400 + 100 + 450 + 400 + 200), (5, 5, 0),
    ],
)  # fmt: skip
def test_each_night_costs_what_its_season_says(arrival: int, departure: int, percents: int) -> None:
    """Nights 5 to 7 cost 150 per cent, where the first season hides the second, and 8 and 9 cost 200."""
    sums = SeasonSums([season(5, 7, 150), season(6, 9, 200)])
    assert sums.between(day(arrival), day(departure)) == percents


def test_without_seasons_every_night_costs_the_whole() -> None:
    assert SeasonSums([]).between(day(0), day(3)) == 300


seasons = st.builds(
    lambda first, length, percent: season(first, first + length, percent),
    st.integers(0, 20), st.integers(0, 10), st.integers(0, 300),
)  # fmt: skip


@given(st.lists(seasons, max_size=4), st.integers(-3, 35), st.integers(1, 12))
def test_the_sum_is_that_of_the_nights(found: list[Season], arrival: int, nights: int) -> None:
    assert SeasonSums(found).between(day(arrival), day(arrival + nights)) == naive(found, arrival, arrival + nights)
