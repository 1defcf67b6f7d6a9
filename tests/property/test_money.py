"""Laws of money: nothing is lost, nobody is off by more than one minor unit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Money, total
from tests.examples import usd

amounts = st.integers(-(10**12), 10**12).map(usd)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any)
percents = st.decimals(0, 1000, places=4)


@given(amounts, weights)
def test_an_allocation_sums_to_the_whole(amount: Money, shares: list[int]) -> None:
    parts = amount.allocate(shares)
    assert len(parts) == len(shares)
    assert total(parts, "USD") == amount


@given(amounts, weights)
def test_each_part_is_within_one_minor_unit_of_its_exact_share(amount: Money, shares: list[int]) -> None:
    for part, weight in zip(amount.allocate(shares), shares, strict=True):
        exact = Fraction(amount.amount_minor * weight, sum(shares))
        assert abs(part.amount_minor - exact) < 1


@given(amounts, weights)
def test_a_larger_weight_never_gets_less_of_a_positive_amount(amount: Money, shares: list[int]) -> None:
    positive = usd(abs(amount.amount_minor))
    pairs = sorted(zip(shares, (part.amount_minor for part in positive.allocate(shares)), strict=True))
    for (lighter, less), (heavier, more) in pairwise(pairs):
        assert less <= more or lighter == heavier


@given(amounts, weights)
def test_nothing_weighs_nothing(amount: Money, shares: list[int]) -> None:
    assert all(part == usd(0) for part, weight in zip(amount.allocate(shares), shares, strict=True) if not weight)


@given(amounts, weights, st.integers(1, 1000))
def test_only_the_proportions_of_weights_count(amount: Money, shares: list[int], factor: int) -> None:
    assert amount.allocate(shares) == amount.allocate([weight * factor for weight in shares])


@given(amounts, percents)
def test_a_share_is_within_half_a_minor_unit(amount: Money, percent: Decimal) -> None:
    exact = Fraction(amount.amount_minor) * Fraction(percent) / 100
    assert abs(amount.share(percent).amount_minor - exact) <= Fraction(1, 2)


@given(amounts, percents)
def test_a_share_of_the_opposite_is_the_opposite_share(amount: Money, percent: Decimal) -> None:
    assert (-amount).share(percent) == -amount.share(percent)


@given(amounts, amounts, amounts)
def test_sums_do_not_depend_on_order(a: Money, b: Money, c: Money) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a - b == a + (-b)
    assert (a < b) == (usd(0) < b - a)
