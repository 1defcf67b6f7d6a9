"""What a hold answers to whoever asked: ids, dates and amounts, nothing about the person."""

from __future__ import annotations

from uuid import UUID

from aggregates.reservation import Reservation
from ledger.money import Money


def answer_of(reservation_id: UUID, held: Reservation.Held) -> dict[str, object]:
    """Write a hold as msgspec can turn into JSON: amounts as amount_minor and currency."""
    return {
        "reservation_id": reservation_id,
        "confirmation_code": held.confirmation_code,
        "state": "held",
        "held_until": held.held_until.isoformat(),
        "total": _money(held.total),
        "pay_now": _money(held.pay_now),
        "stays": [
            {
                "stay_id": stay.stay_id,
                "room_type": stay.room_type,
                "rate_plan": stay.rate_plan,
                "arrival": stay.dates.arrival,
                "departure": stay.dates.departure,
                "adults": stay.adults,
                "children": stay.children,
                "total": _money(stay.price.total),
            }
            for stay in held.stays
        ],
    }


def _money(amount: Money) -> dict[str, object]:
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}
