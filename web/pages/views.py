"""What the templates show of offers and reservations, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.money import Money
from ledger.price import nightly_totals
from queries.bookings import Booking
from queries.hotel import Hotel
from queries.offers import PlanOffer, Wish
from queries.reservations import ReservationFound
from web.pages.search import Search

LINE_LABELS = {"room": "Room", "extra_adult": "Further adults", "extra_child": "Children", "board": "Meals"}
FACTS = {
    "reservation.held.v1": "Rooms held for you",
    "payment.try-failed.v1": "A try to pay did not go through",
    "payment.authorised.v1": "Amount reserved on your card",
    "reservation.confirmed.v1": "Booking confirmed",
    "payment.captured.v1": "Payment received",
    "reservation.cancelled.v1": "Booking cancelled",
    "reservation.expired.v1": "Hold expired, rooms given back",
    "reservation.abandoned.v1": "Rooms given back",
    "payment.closed.v1": "Payment closed, nothing taken",
    "payment.refund-asked.v1": "Refund started",
    "payment.refunded.v1": "Refund made",
    "payment.refund-failed.v1": "Refund needs our attention",
    "payment.lost.v1": "Payment needs our attention",
    "notification.sent.v1": "Mail sent to you",
    "reservation.guest-erased.v1": "Personal details erased",
}
PAYMENT_WORDS = {
    "requested": "being prepared", "open": "waiting for you", "failed_try": "not gone through yet", "authorised": "reserved",
    "capturing": "being completed", "captured": "paid", "voiding": "being released", "voided": "nothing taken",
    "refunding": "being refunded", "refunded": "refunded", "refund_failed": "refund needs our attention",
    "lost": "not completed",
}  # fmt: skip


def room_type_view(
    kind: Any, *, rooms_left: int = 0, offers: Sequence[dict[str, Any]] = (), from_price: Money | None = None
) -> dict[str, Any]:
    """Show a room type, with offers or a price to start from."""
    names = ("code", "name", "short", "description", "picture", "view", "beds", "size_m2", "max_guests", "amenities")
    shown = {name: getattr(kind, name) for name in names}
    return {**shown, "rooms_left": rooms_left, "offers": list(offers), "from_price": from_price}


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


def reservation_view(found: ReservationFound, hotel: Hotel, booking: Booking, checkout_url: str) -> dict[str, Any]:
    """Show a reservation to its holder."""
    document = found.document
    kinds = {kind.code: kind for kind in hotel.definition.room_types}
    plans = {plan.code: plan.name for plan in hotel.tariff.plans}
    return {
        "reservation_id": found.reservation_id,
        "confirmation_code": document.held.confirmation_code,
        "state": "released" if booking.state == "abandoned" else booking.state,
        "guest": found.guest,
        "erased_at": document.erased_at,
        "stays": [_stay(stay, kinds, plans) for stay in document.held.stays],
        "total": document.held.total,
        "pay_now": document.held.pay_now,
        "paid": booking.paid,
        "balance": booking.balance,
        "payments": [
            {
                "label": "Deposit",
                "state": PAYMENT_WORDS.get(payment.state, payment.state),
                "amount": payment.amount,
                "at": payment.at,
            }
            for payment in document.payments
        ],
        "timeline": [{"at": fact.at, "text": FACTS[fact.topic]} for fact in document.timeline if fact.topic in FACTS],
        "can_cancel": booking.can_cancel,
        "held_until": document.held.held_until,
        "checkout_url": checkout_url if booking.state == "held" else None,
    }


def _stay(stay: Any, kinds: dict[str, Any], plans: dict[str, str]) -> dict[str, Any]:
    kind = kinds[stay.room_type]
    sums: dict[str, Money] = {}
    for line in stay.price.lines:
        sums[line.kind] = sums[line.kind] + line.amount if line.kind in sums else line.amount
    return {
        "room_type": {"name": kind.name, "picture": kind.picture},
        "room_name": None,
        "rate_plan_name": plans.get(stay.rate_plan, stay.rate_plan),
        "arrival": stay.dates.arrival,
        "departure": stay.dates.departure,
        "nights": stay.dates.nights,
        "adults": stay.adults,
        "children": stay.children,
        "lines": [{"label": LINE_LABELS.get(name, name), "amount": amount} for name, amount in sums.items()],
        "taxes": [{"name": tax.name, "amount": tax.amount} for tax in stay.price.taxes],
        "total": stay.price.total,
        "policy_text": stay.price.policy.text,
        "free_cancel_until": stay.price.policy.free_until,
    }


def _times(amount: Money, times: int) -> Money:
    return Money(amount.amount_minor * times, amount.currency)


def subject_of(reservation_id: UUID) -> str:
    """Name a reservation's own page."""
    return f"/booking/{reservation_id}"
