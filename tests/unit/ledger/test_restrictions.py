"""What a hotel does not sell: boundary tables of each rule, their order, and the compiled form beside the rows themselves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.refusal import Refusal, code_of
from ledger.restrictions import DayRules, Restriction, Restrictions
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates

FIRST = date(2027, 3, 1)
"""A Monday."""


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def stay(arrival: int, nights: int) -> StayDates:
    return StayDates(day(arrival), day(arrival + nights))


def refused(rows: list[Restriction], dates: StayDates, room_type: str = "lake", rate_plan: str = "flexible") -> Refusal | None:
    try:
        Restrictions(rows).check(room_type, rate_plan, dates)
    except Refusal as refusal:
        return refusal
    return None


def code(rows: list[Restriction], dates: StayDates, room_type: str = "lake", rate_plan: str = "flexible") -> str:
    """Give the code of the refusal, or nothing."""
    refusal = refused(rows, dates, room_type, rate_plan)
    return code_of(refusal).removeprefix("restriction.") if refusal is not None else ""


def on(first: int, last: int, **rules: Any) -> Restriction:
    return Restriction(first=day(first), last=day(last), **rules)


@pytest.mark.parametrize(
    ("row", "arrival", "nights", "expected"),
    [
        (on(10, 12, stop_sell=True), 8, 1, ""),
        (on(10, 12, stop_sell=True), 9, 1, ""),
        (on(10, 12, stop_sell=True), 9, 2, "stop_sell"),
        (on(10, 12, stop_sell=True), 12, 1, "stop_sell"),
        (on(10, 12, stop_sell=True), 13, 1, ""),
        (on(10, 12, stop_sell=True), 0, 30, "stop_sell"),
        (on(0, 20, stop_sell=True, weekdays=(4,)), 1, 3, ""),
        (on(0, 20, stop_sell=True, weekdays=(4,)), 1, 4, "stop_sell"),
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
def test_each_rule_holds_to_its_last_date(row: Restriction, arrival: int, nights: int, expected: str) -> None:
    assert code([row], stay(arrival, nights)) == expected


@pytest.mark.parametrize(
    ("found", "details"),
    [
        ([on(10, 20, stop_sell=True, weekdays=(4,))], {"date": day(11)}),
        ([on(9, 9, min_nights=4), on(8, 10, min_nights=6), on(9, 12, min_nights=5)], {"min_nights": 6}),
        ([on(9, 9, max_nights=2), on(8, 10, max_nights=1), on(9, 12, max_nights=2)], {"max_nights": 1}),
        ([on(9, 9, min_nights_through=4), on(10, 10, min_nights_through=7)], {"min_nights": 7}),
    ],
)
def test_a_refusal_says_what_the_strictest_row_asks_for(found: list[Restriction], details: dict[str, Any]) -> None:
    refusal = refused(found, stay(9, 3))
    assert refusal is not None
    assert refusal.details == details
    assert all(str(value) in refusal.message for value in details.values())


def test_refusals_come_in_a_fixed_order() -> None:
    rules: dict[str, Any] = {
        "stop_sell": True, "closed_to_arrival": True, "closed_to_departure": True,
        "min_nights": 5, "max_nights": 1, "min_nights_through": 5,
    }  # fmt: skip
    met: list[str] = []
    while rules:
        met.append(code([on(0, 20, **rules)], stay(3, 2)))
        del rules[next(iter(rules))]
    assert met == ["stop_sell", "closed_to_arrival", "closed_to_departure", "min_stay", "max_stay", "min_stay_through"]


@pytest.mark.parametrize(
    ("room_type", "rate_plan", "is_refused"),
    [("", "", True), ("lake", "", True), ("villa", "", False), ("", "flexible", True), ("lake", "saver", False)],
)
def test_a_row_is_about_its_type_and_plan(room_type: str, rate_plan: str, is_refused: bool) -> None:
    found = [on(0, 9, room_type=room_type, rate_plan=rate_plan, stop_sell=True)]
    assert bool(refused(found, stay(3, 1))) is is_refused
    assert Restrictions(found).on("lake", "flexible", day(3)).stop_sell is is_refused


def test_each_type_and_plan_has_rules_of_its_own() -> None:
    lake, saver = on(0, 9, room_type="lake", min_nights=3), on(0, 9, rate_plan="saver", max_nights=5)
    restrictions = Restrictions([lake, saver])
    for _ in range(2):
        limits = {
            (room_type, rate_plan): (rules.shortest, rules.longest)
            for room_type in ("lake", "villa")
            for rate_plan in ("flexible", "saver")
            for rules in [restrictions.on(room_type, rate_plan, day(0))]
        }
        assert limits == {
            ("lake", "flexible"): (3, LONGEST_STAY_NIGHTS), ("lake", "saver"): (3, 5),
            ("villa", "flexible"): (1, LONGEST_STAY_NIGHTS), ("villa", "saver"): (1, 5),
        }  # fmt: skip


@pytest.mark.parametrize("found", [[], [on(0, 9, room_type="villa", stop_sell=True)], [on(1, 9, stop_sell=True)]])
def test_where_no_row_is_everything_is_sold(found: list[Restriction]) -> None:
    assert code(found[:0], stay(0, LONGEST_STAY_NIGHTS)) == ""
    rules = Restrictions(found).on("lake", "flexible", FIRST)
    assert rules == DayRules(
        stop_sell=False, closed_to_arrival=False, closed_to_departure=False, shortest=1, longest=LONGEST_STAY_NIGHTS
    )


@pytest.mark.parametrize("nights", [255, 256, 257, 364, 365])
def test_the_longest_stays_are_looked_through_to_their_end(nights: int) -> None:
    last = on(nights - 1, nights + 400, min_nights_through=LONGEST_STAY_NIGHTS + 1)
    assert code([last], stay(0, nights)) == "min_stay_through"
    assert code([last], stay(0, nights - 1)) == ""


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9])
def test_a_stay_meets_the_strictest_of_all_its_nights_and_of_no_other(length: int) -> None:
    """Hills and valleys over dates of exactly this length, so that every range of them has a largest value of its own."""
    asked = [20 + place * 5 % 11 for place in range(length)]
    found = [on(place, place, min_nights_through=nights) for place, nights in enumerate(asked)]
    for arrival in range(-2, length + 2):
        for nights in range(1, length + 4):
            met = asked[max(0, arrival) : max(0, arrival + nights)]
            refusal = refused(found, stay(arrival, nights))
            assert (refusal.details["min_nights"] if refusal else 0) == max(met, default=0)


rows = st.builds(
    lambda first, length, weekdays, **rules: on(first, first + length, weekdays=tuple(weekdays), **rules),
    st.integers(0, 30), st.integers(0, 12), st.sets(st.integers(0, 6), max_size=2),
    stop_sell=st.booleans(), closed_to_arrival=st.booleans(), closed_to_departure=st.booleans(),
    min_nights=st.integers(0, 9), max_nights=st.integers(0, 9), min_nights_through=st.integers(0, 9),
)  # fmt: skip


@given(st.lists(rows, max_size=5), st.integers(0, 45), st.integers(1, 20))
def test_compiled_they_say_what_the_rows_say(found: list[Restriction], arrival: int, nights: int) -> None:
    assert code(found, stay(arrival, nights)) == naive(found, stay(arrival, nights))


@given(st.lists(rows, max_size=5), st.integers(-2, 45))
def test_a_date_shows_the_strictest_of_its_rows(found: list[Restriction], number: int) -> None:
    assert Restrictions(found).on("lake", "flexible", day(number)) == naive_rules(found, day(number))


def test_each_rule_is_shown_on_its_own_dates() -> None:
    """One row a rule, overlapping in turn, asked on each date before, in and after them."""
    found = [
        on(3, 5, stop_sell=True), on(5, 7, closed_to_arrival=True), on(7, 9, closed_to_departure=True),
        on(2, 4, min_nights=3), on(4, 8, min_nights_through=4), on(8, 10, min_nights=2),
        on(6, 8, max_nights=5), on(7, 9, max_nights=2), on(9, 10, max_nights=8), on(2, 2, min_nights_through=6),
    ]  # fmt: skip
    for number in range(-1, 15):
        assert Restrictions(found).on("lake", "flexible", day(number)) == naive_rules(found, day(number)), number


def holding(found: list[Restriction], day_: date) -> list[Restriction]:
    """Ask every row about a date."""
    return [row for row in found if row.first <= day_ <= row.last and (not row.weekdays or day_.weekday() in row.weekdays)]


def naive_rules(found: list[Restriction], day_: date) -> DayRules:
    held = holding(found, day_)
    return DayRules(
        stop_sell=any(row.stop_sell for row in held),
        closed_to_arrival=any(row.closed_to_arrival for row in held),
        closed_to_departure=any(row.closed_to_departure for row in held),
        shortest=max([1, *(row.min_nights for row in held), *(row.min_nights_through for row in held)]),
        longest=min((row.max_nights for row in held if row.max_nights), default=LONGEST_STAY_NIGHTS),
    )


def naive(found: list[Restriction], dates: StayDates) -> str:
    """Ask every row about every date of a stay."""
    at_arrival = holding(found, dates.arrival)
    broken = {
        "stop_sell": any(row.stop_sell for night in dates for row in holding(found, night)),
        "closed_to_arrival": any(row.closed_to_arrival for row in at_arrival),
        "closed_to_departure": any(row.closed_to_departure for row in holding(found, dates.departure)),
        "min_stay": any(dates.nights < row.min_nights for row in at_arrival),
        "max_stay": any(0 < row.max_nights < dates.nights for row in at_arrival),
        "min_stay_through": any(dates.nights < row.min_nights_through for night in dates for row in holding(found, night)),
    }
    return next((code for code, is_broken in broken.items() if is_broken), "")
