"""How money, days, moments and names read in a letter. Nothing here knows which letter it is."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, get_currency_precision

from ledger.money import Money

LOCALE = "en_US"
"""The locale of the guest pages, so that an amount looks the same here and there."""

LONGEST_NAME = 60
NAME_SIGNS = " .'\N{RIGHT SINGLE QUOTATION MARK}-"


def money(amount: Money) -> str:
    """Write an amount with its currency, like $1,234.50."""
    major = Decimal(amount.amount_minor).scaleb(-get_currency_precision(amount.currency))
    return str(format_currency(major, amount.currency, locale=LOCALE))


def day(value: date) -> str:
    """Write a day with its weekday, like Sunday 20 December 2026."""
    return str(format_date(value, "EEEE d MMMM y", locale=LOCALE))


def moment(value: datetime, time_zone: str) -> str:
    """Write an instant as the clock at the hotel shows it, and say so."""
    local = value.astimezone(ZoneInfo(time_zone))
    return f"{format_datetime(local, 'EEEE d MMMM y, HH:mm', locale=LOCALE)} (hotel time)"


def nights(count: int) -> str:
    """Write a number of nights."""
    return _counted(count, "night", "nights")


def party(adults: int, children: int) -> str:
    """Write who sleeps in a room."""
    grown = _counted(adults, "adult", "adults")
    return f"{grown}, {_counted(children, 'child', 'children')}" if children else grown


def salutation(name: str) -> str:
    """Address a guest by name; a text that is no name is not repeated, since strangers could send advertisements with it."""
    tidy = " ".join(name.split())
    plain = all(unicodedata.category(sign)[0] in "LM" or sign in NAME_SIGNS for sign in tidy)
    spelt = tidy and plain and len(tidy) <= LONGEST_NAME and not _looks_like_address(tidy)
    return f"Dear {tidy}" if spelt else "Dear guest"


def _looks_like_address(name: str) -> bool:
    """Mail programs make links of words with a dot inside, like shop.example; initials like A.B. are fine."""
    return any(len(part) > 1 for word in name.split() if "." in word for part in word.split(".")[1:])


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
