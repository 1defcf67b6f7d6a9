"""What all pages of the sandbox share: templates, the headers that keep them harmless, and how money is written."""

from decimal import Decimal
from pathlib import Path

from babel.numbers import format_currency, get_currency_precision
from fastapi import Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

HERE = Path(__file__).parent
TEMPLATES = Jinja2Templates(HERE / "templates")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data: https:; base-uri 'none'; "
    "frame-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def render(request: Request, template: str, status: int = 200, **context: object) -> Response:
    """Fill a template; the merchant's name is always there."""
    context["merchant"] = request.app.state.world.settings.merchant
    return TEMPLATES.TemplateResponse(request, template, context, status_code=status, headers=HEADERS)


def money(amount_minor: int, currency: str) -> str:
    """Write an amount given in minor units for people."""
    digits = get_currency_precision(currency.upper())
    return str(format_currency(Decimal(amount_minor).scaleb(-digits), currency.upper(), locale="en_US"))
