"""What the templates show of a guest's own booking, as plain values: its look, its stays, its money, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledger.money import Money, total
from ledger.price import nightly_totals
from queries.bookings import total_of
from web.pages.mine import Mine

LINE_LABELS = {"room": "Room", "extra_adult": "Further adults", "extra_child": "Children", "board": "Meals"}
FACTS = {
    "reservation.held.v1": "Rooms held for you",
    "payment.try-failed.v1": "A try to pay did not go through",
    "payment.authorised.v1": "Amount reserved on your card",
    "reservation.confirmed.v1": "Booking confirmed",
    "payment.captured.v1": "Payment received",
    "reservation.stay-changed.v1": "Stay changed",
    "reservation.stay-cancelled.v1": "One stay cancelled",
    "reservation.stay-checked-in.v1": "Checked in",
    "reservation.stay-checked-out.v1": "Checked out",
    "reservation.stay-no-show.v1": "Nobody arrived",
    "reservation.stay-reinstated.v1": "Booked again",
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
OWN_FACTS = {"reservation.noted.v1": "Your request reached us", "reservation.guests-named.v1": "Guests named"}
"""What is told only when the guest did it; the house keeps notes of its own."""
PAYMENT_WORDS = {
    "requested": "being prepared", "open": "waiting for you", "failed_try": "not gone through yet", "authorised": "reserved",
    "capturing": "being completed", "captured": "paid", "voiding": "being released", "voided": "nothing taken",
    "refunding": "being refunded", "refunded": "refunded", "refund_failed": "refund needs our attention",
    "lost": "not completed",
}  # fmt: skip
ARRIVED = frozenset({"authorised", "capturing", "captured"})
PURPOSES = {"deposit": "Deposit", "balance": "Balance", "extra": "Further payment"}
STAY_WORDS = {
    "checked_in": "You are here", "checked_out": "Stayed", "cancelled": "Cancelled", "no_show": "Not used",
    "expired": "Not held any more", "abandoned": "Given back",
}  # fmt: skip
GIVEN_UP = frozenset({"cancelled", "no_show", "expired", "abandoned"})
MAY_PAY = frozenset({"confirmed", "in_house", "checked_out", "no_show"})


def reservation_view(mine: Mine, checkout_url: str = "") -> dict[str, Any]:
    """Show a reservation to its holder."""
    document, booking = mine.found.document, mine.booking
    stays = [stay_view(mine, row) for row in document.stays]
    return {
        "reservation_id": mine.reservation_id,
        "confirmation_code": document.held.confirmation_code,
        "state": look_of(mine),
        "guest": mine.found.guest,
        "erased_at": document.erased_at,
        "requests": requests_of(mine),
        "stays": [stay for stay in stays if not stay["given_up"]] or stays,
        "given_up": [stay for stay in stays if stay["given_up"]] if any(not stay["given_up"] for stay in stays) else [],
        "total": total_of(mine.found),
        "pay_now": document.held.pay_now,
        "fee": booking.owed,
        "paid": booking.paid,
        "balance": booking.balance,
        "may_pay": booking.balance.amount_minor > 0 and booking.state in MAY_PAY,
        "refund": _refund(document.payments, booking.paid.currency),
        "payments": [_payment(payment, document.held) for payment in document.payments],
        "timeline": [{"at": fact.at, "text": text} for fact in document.timeline if (text := words_of(fact.topic, fact.actor))],
        "can_cancel": booking.can_cancel,
        "held_until": document.held.held_until,
        "checkout_url": checkout_url if booking.state == "held" else None,
    }


def requests_of(mine: Mine) -> list[dict[str, Any]]:
    """List what the guest has asked for: when booking, and since. Personal data; nothing of an erased guest."""
    wish = mine.found.guest.get("requests")
    first = [{"text": wish, "at": None}] if wish else []
    return first + [{"text": note.text, "at": note.at} for note in mine.found.notes if note.actor == "guest"]


def look_of(mine: Mine) -> str:
    """Say how the page looks: the reservation's state, and `released` for one that was given back before it was paid."""
    return "released" if mine.booking.state == "abandoned" else mine.booking.state


def stay_view(mine: Mine, row: Any) -> dict[str, Any]:
    """Show one stay as it is now."""
    shown = booked_view(mine, row.booked)
    can_change = mine.is_open(row)
    return {
        **shown,
        "stay_id": row.booked.stay_id,
        "state": row.state,
        "words": STAY_WORDS.get(row.state, ""),
        "given_up": row.state in GIVEN_UP,
        "room_name": f"Room {row.stay.room_on(mine.today)}" if row.state == "checked_in" else None,
        "fee": row.fee,
        "extras": row.extras,
        "deadline_over": shown["free_cancel_until"] is not None and shown["free_cancel_until"] <= mine.now,
        "change_url": mine.stay_address(row.booked.stay_id, "change") if can_change else None,
        "cancel_url": mine.stay_address(row.booked.stay_id, "cancel") if can_change else None,
    }


def booked_view(mine: Mine, booked: Any) -> dict[str, Any]:
    """Show what is booked, or would be: room type, plan, dates, party, price and policy."""
    kind = next(kind for kind in mine.hotel.definition.room_types if kind.code == booked.room_type)
    plans = {plan.code: plan.name for plan in mine.hotel.tariff.plans}
    price = booked.price
    return {
        "room_type": {"code": kind.code, "name": kind.name, "picture": kind.picture, "view": kind.view},
        "rate_plan": booked.rate_plan,
        "rate_plan_name": plans.get(booked.rate_plan, booked.rate_plan),
        "arrival": booked.dates.arrival,
        "departure": booked.dates.departure,
        "nights": booked.dates.nights,
        "day_use": booked.slot == "day",
        "adults": booked.adults,
        "children": booked.children,
        "by_night": [{"date": night, "amount": amount} for night, amount in nightly_totals(price.lines)],
        "lines": _sums(price.lines),
        "taxes": [{"name": tax.name, "amount": tax.amount} for tax in price.taxes],
        "total": price.total,
        "policy_text": price.policy.text,
        "free_cancel_until": price.policy.free_until,
    }


def _sums(lines: Iterable[Any]) -> list[dict[str, Any]]:
    sums: dict[str, Money] = {}
    for line in lines:
        sums[line.kind] = sums[line.kind] + line.amount if line.kind in sums else line.amount
    return [{"label": LINE_LABELS.get(name, name), "amount": amount} for name, amount in sums.items()]


def _payment(payment: Any, held: Any) -> dict[str, Any]:
    whole = payment.purpose == "deposit" and held.pay_now == held.total
    return {
        "label": "Payment" if whole else PURPOSES.get(payment.purpose, "Payment"),
        "state": _state_of(payment),
        "arrived": payment.state in ARRIVED,
        "amount": payment.amount,
        "at": payment.at,
    }


def _state_of(payment: Any) -> str:
    """Say how a payment stands; one that went back in part only is not called refunded."""
    in_part = payment.state in {"refunded", "refunding"} and (payment.returning or payment.amount) != payment.amount
    words = PAYMENT_WORDS.get(payment.state, payment.state)
    return f"paid, {words} in part" if in_part else words


def _refund(payments: Iterable[Any], currency: str) -> dict[str, Any] | None:
    """Say what goes back in all, and whether it is on its way, done, or needs somebody; nothing when nothing does."""
    rows = [payment for payment in payments if payment.returning or payment.refunded]
    if not rows:
        return None
    states = {payment.state for payment in rows}
    state = "troubled" if "refund_failed" in states else "on_its_way" if "refunding" in states else "done"
    return {"amount": total((row.returning or row.refunded for row in rows), currency), "state": state}


def words_of(topic: str, actor: str = "") -> str | None:
    """Say what happened in the guest's words; nothing for what only the house needs to know."""
    return OWN_FACTS[topic] if actor == "guest" and topic in OWN_FACTS else FACTS.get(topic)
