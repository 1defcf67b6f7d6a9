"""What a hotel does not sell: boundary tables of each rule, their order, and the compiled form beside the rows themselves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.refusal import Refusal, code_of
from ledger.restrictions import Restriction, Restrictions
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates

FIRST = date(2027, 3, 1)
"""A Monday."""


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def stay(arrival: int, nights: int) -> StayDates:
    return StayDates(day(arrival), day(arrival + nights))


def refusal(rows: list[Restriction], dates: StayDates, room_type: str = "lake", rate_plan: str = "flexible") -> str:
    """Give the code of the refusal, or nothing."""
    try:
        Restrictions(rows).check(room_type, rate_plan, dates)
    except Refusal as refused:
        return code_of(refused).removeprefix("restriction.")
    return ""


def on(first: int, last: int, **rules: Any) -> Restriction:
    return Restriction(first=day(first), last=day(last), **rules)


@pytest.mark.parametrize(
    ("row", "arrival", "nights", "code"),
    [
        (on(10, 12, stop_sell=True), 9, 1, ""),
        (on(10, 12, stop_sell=True), 9, 2, "stop_sell"),
        (on(10, 12, stop_sell=True), 12, 1, "stop_sell"),
        (on(10, 12, stop_sell=True), 13, 1, ""),
        (on(10, 12, stop_sell=True), 0, 30, "stop_sell"),
        (on(10, 12, closed_to_arrival=True), 9, 5, ""),
        (on(10, 12, closed_to_arrival=True), 10, 1, "closed_to_arrival"),
        (on(10, 12, closed_to_arrival=True), 12, 1, "closed_to_arrival"),
        (on(10, 12, closed_to_arrival=True), 13, 1, ""),
        (on(10, 12, closed_to_departure=True), 8, 1, ""),
        (on(10, 12, closed_to_departure=True), 8, 2, "closed_to_departure"),
        (on(10, 12, closed_to_departure=True), 11, 1, "closed_to_departure"),
        (on(10, 12, closed_to_departure=True), 11, 2, ""),
        (on(10, 12, min_nights=3), 10, 2, "min_stay"),
        (on(10, 12, min_nights=3), 10, 3, ""),
        (on(10, 12, min_nights=3), 9, 2, ""),
        (on(10, 12, max_nights=3), 12, 4, "max_stay"),
        (on(10, 12, max_nights=3), 12, 3, ""),
        (on(10, 12, max_nights=3), 13, 4, ""),
        (on(10, 12, min_nights_through=4), 7, 3, ""),
        (on(10, 12, min_nights_through=4), 8, 3, "min_stay_through"),
        (on(10, 12, min_nights_through=4), 12, 3, "min_stay_through"),
        (on(10, 12, min_nights_through=4), 12, 4, ""),
        (on(10, 12, min_nights_through=4), 13, 1, ""),
        (on(0, 20, closed_to_arrival=True, weekdays=(4,)), 4, 2, "closed_to_arrival"),
        (on(0, 20, closed_to_arrival=True, weekdays=(4,)), 5, 2, ""),
    ],
)
def test_each_rule_holds_to_its_last_date(row: Restriction, arrival: int, nights: int, code: str) -> None:
    assert refusal([row], stay(arrival, nights)) == code


def test_refusals_come_in_a_fixed_order() -> None:
    rules: dict[str, Any] = {
        "stop_sell": True, "closed_to_arrival": True, "closed_to_departure": True,
        "min_nights": 5, "max_nights": 1, "min_nights_through": 5,
    }  # fmt: skip
    met: list[str] = []
    while rules:
        met.append(refusal([on(0, 20, **rules)], stay(3, 2)))
        del rules[next(iter(rules))]
    assert met == ["stop_sell", "closed_to_arrival", "closed_to_departure", "min_stay", "max_stay", "min_stay_through"]


@pytest.mark.parametrize(
    ("room_type", "rate_plan", "refused"),
    [("", "", True), ("lake", "", True), ("villa", "", False), ("", "flexible", True), ("lake", "saver", False)],
)
def test_a_row_is_about_its_type_and_plan(room_type: str, rate_plan: str, refused: bool) -> None:
    assert bool(refusal([on(0, 9, room_type=room_type, rate_plan=rate_plan, stop_sell=True)], stay(3, 1))) is refused


def test_without_rows_everything_is_sold() -> None:
    assert refusal([], stay(0, LONGEST_STAY_NIGHTS)) == ""
    assert Restrictions(()).on("lake", "flexible", FIRST).longest == LONGEST_STAY_NIGHTS


@pytest.mark.parametrize("nights", [255, 256, 257, 364, 365])
def test_the_longest_stays_are_looked_through_to_their_end(nights: int) -> None:
    last = on(nights - 1, nights + 400, min_nights_through=LONGEST_STAY_NIGHTS + 1)
    assert refusal([last], stay(0, nights)) == "min_stay_through"
    assert refusal([last], stay(0, nights - 1)) == ""


rows = st.builds(
    lambda first, length, weekdays, **rules: on(first, first + length, weekdays=tuple(weekdays), **rules),
    st.integers(0, 30), st.integers(0, 12), st.sets(st.integers(0, 6), max_size=2),
    stop_sell=st.booleans(), closed_to_arrival=st.booleans(), closed_to_departure=st.booleans(),
    min_nights=st.integers(0, 9), max_nights=st.integers(0, 9), min_nights_through=st.integers(0, 9),
)  # fmt: skip


@given(st.lists(rows, max_size=5), st.integers(0, 45), st.integers(1, 20))
def test_compiled_they_say_what_the_rows_say(found: list[Restriction], arrival: int, nights: int) -> None:
    assert refusal(found, stay(arrival, nights)) == naive(found, stay(arrival, nights))


def naive(found: list[Restriction], dates: StayDates) -> str:
    """Ask every row about every date."""

    def holding(date_: date) -> list[Restriction]:
        return [
            row for row in found if row.first <= date_ <= row.last and (not row.weekdays or date_.weekday() in row.weekdays)
        ]

    at_arrival = holding(dates.arrival)
    broken = {
        "stop_sell": any(row.stop_sell for night in dates for row in holding(night)),
        "closed_to_arrival": any(row.closed_to_arrival for row in at_arrival),
        "closed_to_departure": any(row.closed_to_departure for row in holding(dates.departure)),
        "min_stay": any(dates.nights < row.min_nights for row in at_arrival),
        "max_stay": any(0 < row.max_nights < dates.nights for row in at_arrival),
        "min_stay_through": any(dates.nights < row.min_nights_through for night in dates for row in holding(night)),
    }
    return next((code for code, is_broken in broken.items() if is_broken), "")
