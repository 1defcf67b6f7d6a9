"""Amounts and price lines as the API writes them."""

from __future__ import annotations

from datetime import date

from ledger.money import Money
from ledger.price import StayPrice, nightly_totals


def amount(money: Money, times: int = 1) -> dict[str, int | str]:
    """Write an amount, `times` over."""
    return {"amount_minor": money.amount_minor * times, "currency": money.currency}


def lines_by_night(price: StayPrice) -> list[tuple[date, Money]]:
    """List what each night of a stay costs before taxes."""
    return nightly_totals(price.lines)
