"""Money: integer minor units with a currency. Mixing currencies raises; splitting loses no minor unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"cannot mix {left} with {right}: convert one of them first")


class Money(Struct, frozen=True, order=False, gc=False):
    """An amount of `amount_minor` minor units (cents, rupee cents, whole yen) of an ISO 4217 `currency`."""

    amount_minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: Money) -> bool:
        return not other < self

    def share(self, percent: Decimal) -> Money:
        """Give `percent` of this amount, rounded once, half up, to a whole minor unit."""
        exact = Decimal(self.amount_minor) * percent / 100
        return Money(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by `weights` (not negative, not all zero) with the largest-remainder method; the parts sum to the whole."""
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            msg = "weights must not be negative and must not all be zero"
            raise ValueError(msg)
        shares = [divmod(self.amount_minor * weight, whole) for weight in weights]
        left = self.amount_minor - sum(quotient for quotient, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
        extra = set(by_remainder[:left])
        return [Money(quotient + (i in extra), self.currency) for i, (quotient, _) in enumerate(shares)]

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)


NOTHING = Money(0, "XXX")
"""No money of no currency (XXX is ISO 4217's code for that): what an aggregate starts from before it knows its own."""


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum `amounts`; nothing sums to zero of `currency`. Raises CurrencyMismatch."""
    minor = 0
    for amount in amounts:
        if amount.currency != currency:
            raise CurrencyMismatch(currency, amount.currency)
        minor += amount.amount_minor
    return Money(minor, currency)


def at_least_nothing(amount: Money) -> Money:
    """Give the amount, or nothing of its currency when it is below zero."""
    return max(amount, Money(0, amount.currency))
