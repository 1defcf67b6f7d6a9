"""Prices against an oracle that goes night by night with fractions and knows no shortcut."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregates.rates import RatePlan, Rates, Season, Tariff, Tax, TypePrice
from ledger.price import StayPrice, cancellation_fee
from ledger.season_sums import SeasonSums
from ledger.stay_dates import StayDates
from tests.examples import NOW

FIRST = date(2126, 1, 1)
days = st.integers(0, 60).map(lambda number: FIRST + timedelta(days=number))
percents = st.decimals(0, 200, places=2)
minor = st.integers(0, 10**6)


@st.composite
def seasons(draw: st.DrawFn) -> Season:
    first = draw(days)
    return Season(
        name="season", first_night=first, last_night=first + timedelta(days=draw(st.integers(0, 20))), percent=draw(percents)
    )


@st.composite
def taxes(draw: st.DrawFn) -> tuple[Tax, ...]:
    """Up to four taxes, each on the stay or on earlier ones, some beginning or ending in the middle of everything."""
    listed: list[Tax] = []
    for number in range(draw(st.integers(0, 4))):
        earlier = ["stay", *(tax.code for tax in listed)]
        bases = draw(st.lists(st.sampled_from(earlier), min_size=1, unique=True))
        first, last = draw(days), draw(st.none() | days)
        listed.append(
            Tax(
                code=f"tax{number}", name="tax", rate_percent=draw(st.decimals(0, 30, places=2)), bases=tuple(bases),
                first_night=draw(st.sampled_from([FIRST, first])), last_night=last,
            )
        )  # fmt: skip
    return tuple(listed)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    price = TypePrice(
        room_type="room", base_minor=draw(minor), included_adults=draw(st.integers(1, 3)), extra_adult_minor=draw(minor),
        extra_child_minor=draw(minor),
    )  # fmt: skip
    plan = RatePlan(
        code="plan", name="plan", summary="", board="", percent=draw(percents), board_adult_minor=draw(minor),
        board_child_minor=draw(minor), deposit_percent=draw(st.decimals(0, 100, places=1)), policy_name="", policy_text="",
        free_until_days=draw(st.none() | st.integers(0, 30)), fee_nights=draw(st.none() | st.integers(0, 4)),
    )  # fmt: skip
    return Tariff(
        currency="USD", time_zone=draw(st.sampled_from(["Asia/Colombo", "Europe/Berlin", "America/New_York"])),
        check_in_time="14:00", prices=(price,), seasons=tuple(draw(st.lists(seasons(), max_size=3))), plans=(plan,),
        taxes=draw(taxes()),
    )  # fmt: skip


asked = st.fixed_dictionaries(
    {"arrival": days, "nights": st.integers(1, 30), "adults": st.integers(1, 5), "children": st.integers(0, 3)}
)


def cost(tariff: Tariff, ask: dict[str, Any]) -> StayPrice:
    dates = StayDates(ask["arrival"], ask["arrival"] + timedelta(days=ask["nights"]))
    return tariff.price(room_type="room", rate_plan="plan", dates=dates, adults=ask["adults"], children=ask["children"])


@given(tariffs(), asked)
def test_the_total_alone_is_that_of_the_whole_price(tariff: Tariff, ask: dict[str, Any]) -> None:
    seasons = SeasonSums([(season.first_night, season.last_night, season.percent) for season in tariff.seasons])
    dates = StayDates(ask["arrival"], ask["arrival"] + timedelta(days=ask["nights"]))
    party = {"adults": ask["adults"], "children": ask["children"]}
    assert tariff.total(seasons, room_type="room", rate_plan="plan", dates=dates, **party) == cost(tariff, ask).total


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def nights(ask: dict[str, Any]) -> list[date]:
    return [ask["arrival"] + timedelta(days=number) for number in range(ask["nights"])]


def exact_room(tariff: Tariff, night: date) -> Fraction:
    percent = Fraction(100)
    for season in reversed(tariff.seasons):
        if season.first_night <= night <= season.last_night:
            percent = Fraction(season.percent)
    return tariff.prices[0].base_minor * percent / 100 * Fraction(tariff.plans[0].percent) / 100


def extras_a_night(tariff: Tariff, ask: dict[str, Any]) -> int:
    price, plan = tariff.prices[0], tariff.plans[0]
    extra_adults = max(ask["adults"] - price.included_adults, 0)
    persons = extra_adults * price.extra_adult_minor + ask["children"] * price.extra_child_minor
    return int(persons + ask["adults"] * plan.board_adult_minor + ask["children"] * plan.board_child_minor)


def lines_of(price: StayPrice, night: date) -> int:
    return sum(line.amount.amount_minor for line in price.lines if line.stay_date == night)


@given(tariffs(), asked)
def test_the_room_is_the_exact_sum_rounded_once(tariff: Tariff, ask: dict[str, Any]) -> None:
    price = cost(tariff, ask)
    room = [line.amount.amount_minor for line in price.lines if line.kind == "room"]
    exact = [exact_room(tariff, night) for night in nights(ask)]
    assert sum(room) == half_up(sum(exact, Fraction(0)))
    assert all(abs(amount - share) <= 1 for amount, share in zip(room, exact, strict=True))


@given(tariffs(), asked)
def test_extras_are_the_same_each_night(tariff: Tariff, ask: dict[str, Any]) -> None:
    price = cost(tariff, ask)
    for night in nights(ask):
        room = sum(line.amount.amount_minor for line in price.lines if line.kind == "room" and line.stay_date == night)
        assert lines_of(price, night) - room == extras_a_night(tariff, ask)


@given(tariffs(), asked)
def test_taxes_go_in_order_over_runs_of_nights_with_the_same_taxes(tariff: Tariff, ask: dict[str, Any]) -> None:
    price = cost(tariff, ask)
    runs: list[tuple[list[Tax], int]] = []
    for night in nights(ask):
        in_force = [
            tax for tax in tariff.taxes if tax.first_night <= night and (tax.last_night is None or night <= tax.last_night)
        ]
        if runs and runs[-1][0] == in_force:
            runs[-1] = (in_force, runs[-1][1] + lines_of(price, night))
        else:
            runs.append((in_force, lines_of(price, night)))
    expected = []
    for in_force, stay in runs:
        known = {"stay": stay}
        for tax in in_force:
            base = sum(known.get(code, 0) for code in tax.bases)
            known[tax.code] = half_up(Fraction(base) * Fraction(tax.rate_percent) / 100)
            expected.append((tax.code, base, known[tax.code]))
    assert [(tax.code, tax.base.amount_minor, tax.amount.amount_minor) for tax in price.taxes] == expected


@given(tariffs(), asked)
def test_the_total_is_all_lines_and_taxes_and_the_deposit_a_part_of_it(tariff: Tariff, ask: dict[str, Any]) -> None:
    price = cost(tariff, ask)
    everything = sum(line.amount.amount_minor for line in price.lines) + sum(tax.amount.amount_minor for tax in price.taxes)
    assert price.total.amount_minor == everything
    assert price.pay_now.amount_minor == half_up(Fraction(everything) * Fraction(tariff.plans[0].deposit_percent) / 100)
    assert 0 <= price.pay_now.amount_minor <= everything


@given(tariffs(), st.lists(asked, min_size=1, max_size=4))
def test_a_remembered_price_is_the_tariffs_own_whatever_was_asked_before(tariff: Tariff, asks: list[dict[str, Any]]) -> None:
    rates = Rates()
    rates.apply(Rates.Published(tariff=tariff))
    for ask in [*asks, *asks]:
        dates = StayDates(ask["arrival"], ask["arrival"] + timedelta(days=ask["nights"]))
        party = {"adults": ask["adults"], "children": ask["children"]}
        assert rates.price(room_type="room", rate_plan="plan", dates=dates, **party) == cost(tariff, ask)


@given(tariffs(), asked, st.integers(-40 * 24, 80 * 24))
def test_cancelling_costs_nothing_in_time_and_never_more_than_everything(
    tariff: Tariff, ask: dict[str, Any], hour: int
) -> None:
    price = cost(tariff, ask)
    moment = datetime(2126, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(hours=hour)
    fee = cancellation_fee(price, moment)
    assert 0 <= fee.amount_minor <= price.total.amount_minor
    plan = tariff.plans[0]
    if plan.free_until_days is not None:
        day = ask["arrival"] - timedelta(days=plan.free_until_days)
        deadline = datetime(day.year, day.month, day.day, 14, tzinfo=ZoneInfo(tariff.time_zone))
        assert price.policy.free_until == deadline
        if moment.timestamp() < deadline.timestamp():
            assert not fee
    elif plan.fee_nights is None:
        assert fee == price.total


@given(tariffs(), asked)
def test_a_longer_fee_is_never_smaller(tariff: Tariff, ask: dict[str, Any]) -> None:
    price = cost(tariff, ask)
    policies = [replace(price.policy, free_until=None, fee_nights=count) for count in range(ask["nights"] + 2)]
    fees = [cancellation_fee(replace(price, policy=policy), NOW).amount_minor for policy in policies]
    assert fees == sorted(fees)
    assert fees[0] == 0
    assert fees[-1] in {0, price.total.amount_minor}
