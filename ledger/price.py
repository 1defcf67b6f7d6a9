"""What a stay costs, line by line, and under which policy: the shape that quotes show and stays keep for ever."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from ledger.money import Money, total


class PriceLine(Struct, frozen=True, kw_only=True, gc=False):
    """One charge before taxes. `kind`: room, extra_adult, extra_child or board. `stay_date`: the night it belongs to."""

    stay_date: date
    kind: str
    amount: Money


class TaxLine(Struct, frozen=True, kw_only=True, gc=False):
    """One tax or mandatory charge on a whole stay: `rate_percent` of `base`, rounded once."""

    code: str
    name: str
    rate_percent: Decimal
    base: Money
    amount: Money


class CancellationPolicy(Struct, frozen=True, kw_only=True, gc=False):
    """What the guest was told on booking. Without `free_until` the rate is not refundable.

    `free_until` is an instant; after it the fee is the first `fee_nights` nights, or everything when that is None.
    """

    name: str
    text: str
    free_until: datetime | None
    fee_nights: int | None


class StayPrice(Struct, frozen=True, kw_only=True, gc=False):
    """The price of one stay: lines, taxes, total, what is due now, and the policy. All in one currency."""

    lines: tuple[PriceLine, ...]
    taxes: tuple[TaxLine, ...]
    total: Money
    pay_now: Money
    policy: CancellationPolicy

    @property
    def room_total(self) -> Money:
        """Everything before taxes and service charge."""
        return total((line.amount for line in self.lines), self.total.currency)


def cancellation_fee(price: StayPrice, now: datetime) -> Money:
    """Tell what cancelling at `now` costs: nothing while free, else the fee nights' share of the total, taxes included."""
    free_until = price.policy.free_until
    if free_until is not None and now < free_until:
        return Money(0, price.total.currency)
    return no_show_fee(price)


def no_show_fee(price: StayPrice) -> Money:
    """Tell what not coming costs: the fee nights' share of the total, taxes included, or everything when none are named."""
    if price.policy.fee_nights is None:
        return price.total
    return _share_of_first_nights(price, price.policy.fee_nights)


def _share_of_first_nights(price: StayPrice, nights: int) -> Money:
    per_night = nightly_totals(price.lines)
    weights = [amount.amount_minor for _, amount in per_night]
    if sum(weights) == 0:
        return Money(0, price.total.currency)
    return total(price.total.allocate(weights)[:nights], price.total.currency)


def part_of(price: StayPrice, nights: Collection[date]) -> StayPrice:
    """Give what some nights of a stay cost as it was agreed: taxes are split by the nights' charges, no minor unit is lost."""
    per_night = nightly_totals(price.lines)
    charges = [amount.amount_minor for _, amount in per_night]
    weights = charges if any(charges) else [1] * len(charges)

    def share(amount: Money) -> Money:
        parts = zip(per_night, amount.allocate(weights), strict=True)
        return total((part for (night, _), part in parts if night in nights), amount.currency)

    lines = tuple(line for line in price.lines if line.stay_date in nights)
    taxes = tuple(replace(tax, base=share(tax.base), amount=share(tax.amount)) for tax in price.taxes)
    whole = total([line.amount for line in lines] + [tax.amount for tax in taxes], price.total.currency)
    return replace(price, lines=lines, taxes=taxes, total=whole, pay_now=min(price.pay_now, whole))


def nightly_totals(lines: Sequence[PriceLine]) -> list[tuple[date, Money]]:
    """Sum price lines by night, in date order."""
    nights: dict[date, Money] = {}
    for line in lines:
        nights[line.stay_date] = nights[line.stay_date] + line.amount if line.stay_date in nights else line.amount
    return sorted(nights.items())
