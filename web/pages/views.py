"""What the templates show of room types and offers, as plain values. Bookings are in booking_view.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.money import Money
from ledger.price import nightly_totals
from queries.offers import PlanOffer, Wish
from web.pages.search import Search


def room_type_view(
    kind: Any, *, rooms_left: int = 0, confirmed_when_booked: bool = False, offers: Sequence[dict[str, Any]] = (),
    from_price: Money | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Show a room type, with offers or a price to start from."""
    names = ("code", "name", "short", "description", "picture", "view", "beds", "size_m2", "max_guests", "amenities")
    shown = {name: getattr(kind, name) for name in names}
    left = {"rooms_left": rooms_left, "confirmed_when_booked": confirmed_when_booked}
    return {**shown, **left, "offers": list(offers), "from_price": from_price}


def offer_view(offer: PlanOffer, wish: Wish, quote: str) -> dict[str, Any]:
    """Show one rate plan's offer; amounts are for all rooms."""
    price = offer.price
    times = wish.rooms
    return {
        "rate_plan": offer.plan.code,
        "rate_plan_name": offer.plan.name,
        "plan_summary": offer.plan.summary,
        "board": offer.plan.board,
        "total": _times(price.total, times),
        "room_total": _times(price.room_total, times),
        "taxes": [{"name": tax.name, "amount": _times(tax.amount, times)} for tax in price.taxes],
        "nights": [{"date": night, "amount": _times(amount, times)} for night, amount in nightly_totals(price.lines)],
        "pay_now": _times(price.pay_now, times),
        "policy_text": price.policy.text,
        "free_cancel_until": price.policy.free_until,
        "quote_id": quote,
        "search": Search.of(wish),
    }


def _times(amount: Money, times: int) -> Money:
    return Money(amount.amount_minor * times, amount.currency)


def subject_of(reservation_id: UUID) -> str:
    """Name a reservation's own page."""
    return f"/booking/{reservation_id}"
