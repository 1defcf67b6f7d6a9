"""Templates and what they can say: money, dates and instants in the guest's words and the hotel's time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from asgi_correlation_id import correlation_id
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, get_currency_precision
from fastapi import Request
from fastapi.templating import Jinja2Templates
from jinja2 import pass_context
from jinja2.runtime import Context
from starlette.responses import Response

HERE = Path(__file__).parent
STATIC = HERE / "static"
LOCALE = "en_US"


def money(amount: Any) -> str:
    """Write an amount with its currency."""
    minor, currency = (
        (amount["amount_minor"], amount["currency"]) if isinstance(amount, Mapping) else (amount.amount_minor, amount.currency)
    )
    return format_currency(Decimal(minor).scaleb(-get_currency_precision(currency)), currency, locale=LOCALE)


def date_long(day: date) -> str:
    """Write a date in full: Sat 12 December 2026."""
    return format_date(_day(day), "EEE d MMMM y", locale=LOCALE)


def date_short(day: date) -> str:
    """Write a date briefly: 12 Dec."""
    return format_date(_day(day), "d MMM", locale=LOCALE)


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


@pass_context
def instant(context: Context, moment: datetime) -> str:
    """Write a moment in hotel time."""
    hotel = context["property"]
    zone = hotel["time_zone"] if isinstance(hotel, Mapping) else hotel.time_zone
    return hotel_time(moment, zone)


def hotel_time(moment: datetime, zone: str) -> str:
    """Write a moment as the clocks at the hotel show it: 9 Dec 2026, 14:00 (hotel time)."""
    return f"{format_datetime(moment.astimezone(ZoneInfo(zone)), 'd MMM y, HH:mm', locale=LOCALE)} (hotel time)"


@lru_cache
def asset(path: str) -> str:
    """Give the address of a static file, with a mark of its content so that it may be kept for ever."""
    file = STATIC / path
    mark = hashlib.sha256(file.read_bytes()).hexdigest()[:10] if file.is_file() else "0"
    return f"/static/{path}?v={mark}"


templates = Jinja2Templates(directory=HERE / "templates")
templates.env.filters.update(money=money, date_long=date_long, date_short=date_short, instant=instant)
templates.env.globals.update(asset=asset)


def page(
    request: Request, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> Response:
    """Render a page for the property that the request is about."""
    whole = {"property": getattr(request.state, "hotel", None) or NO_HOTEL, "request_id": correlation_id.get() or "", **context}
    return templates.TemplateResponse(request, name, whole, status_code=status, headers=dict(headers or {}))


NO_HOTEL = {
    "name": "Nightledger", "tagline": "", "time_zone": "UTC", "currency": "", "check_in_time": "", "check_out_time": "",
    "address": "", "phone": "", "email": "",
}  # fmt: skip
"""What pages show before any property is open."""
