"""Money keeps every minor unit, and never mixes currencies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.money import CurrencyMismatch, Money, total
from tests.examples import usd

EUR = Money(100, "EUR")


def test_sums_and_differences_stay_in_their_currency() -> None:
    assert usd(150) + usd(50) == usd(200)
    assert usd(150) - usd(200) == usd(-50)
    assert -usd(150) == usd(-150)


def test_zero_is_nothing() -> None:
    assert not usd(0)
    assert usd(1)
    assert usd(-1)


@pytest.mark.parametrize(("left", "right"), [(99, 100), (-1, 0), (0, 1)])
def test_less_is_less(left: int, right: int) -> None:
    assert usd(left) < usd(right)
    assert usd(left) <= usd(right)
    assert usd(left) <= usd(left)
    assert not usd(right) < usd(left)
    assert not usd(right) <= usd(left)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch, match="USD with EUR"):
        usd(1) + EUR
    with pytest.raises(CurrencyMismatch):
        usd(1) - EUR
    with pytest.raises(CurrencyMismatch):
        assert usd(1) < EUR
    with pytest.raises(CurrencyMismatch, match="USD with EUR"):
        total([usd(1), EUR], "USD")


def test_the_same_number_in_another_currency_is_another_amount() -> None:
    assert usd(100) != EUR


def test_nothing_sums_to_zero() -> None:
    assert total([], "LKR") == Money(0, "LKR")
    assert total([usd(1), usd(2), usd(3)], "USD") == usd(6)


@pytest.mark.parametrize(
    ("amount", "percent", "share"),
    [
        (1000, "30", 300),
        (1, "49.9", 0),
        (1, "50", 1),
        (3, "50", 2),
        (-1, "50", -1),
        (99_999_999, "18", 18_000_000),
        (12_345, "0", 0),
        (12_345, "100", 12_345),
        (200, "0.249", 0),
        (200, "0.25", 1),
    ],
)
def test_a_share_is_rounded_once_half_away_from_zero(amount: int, percent: str, share: int) -> None:
    assert usd(amount).share(Decimal(percent)) == usd(share)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1], [100]),
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (102, [1, 1, 1], [34, 34, 34]),
        (0, [1, 2], [0, 0]),
        (1, [1, 1], [1, 0]),
        (1, [1, 3], [0, 1]),
        (10, [0, 1, 0], [0, 10, 0]),
        (-100, [1, 1, 1], [-33, -33, -34]),
        (5, [3, 3, 3, 1], [2, 2, 1, 0]),
    ],
)
def test_allocation_goes_by_largest_remainder(amount: int, weights: list[int], parts: list[int]) -> None:
    assert usd(amount).allocate(weights) == [usd(part) for part in parts]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_weights_that_mean_nothing_are_an_error(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        usd(100).allocate(weights)
