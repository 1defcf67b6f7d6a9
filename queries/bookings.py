"""A reservation as people see it: what is paid, what is left, what may be done. Shared by API, pages and letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.clock import local_date
from ledger.money import Money, total
from ledger.price import cancellation_fee
from projections.hotel import Hotel
from queries.reservations import ReservationFound

PAID_STATES = frozenset({"captured", "capturing", "refunding", "refunded", "refund_failed"})


@dataclass(frozen=True)
class Booking:
    """State and money of a reservation at one moment. `state`: a hold whose time is over is shown as expired."""

    state: str
    paid: Money
    balance: Money
    can_cancel: bool


def booking_of(found: ReservationFound, hotel: Hotel, now: datetime) -> Booking:
    """Work out what a reservation looks like at `now`."""
    document = found.document
    held = document.held
    state = "expired" if document.state == "held" and held.held_until <= now else document.state
    paid = paid_of(found)
    owed = held.total if state in {"held", "confirmed"} else document.fee or Money(0, held.total.currency)
    today = local_date(now, hotel.definition.time_zone)
    begun = any(stay.dates.arrival < today for stay in held.stays)
    return Booking(
        state,
        paid,
        owed - paid if owed.amount_minor > paid.amount_minor else Money(0, paid.currency),
        state in {"held", "confirmed"} and not begun,
    )


def paid_of(found: ReservationFound) -> Money:
    """Sum what was paid and not given back."""
    currency = found.document.held.total.currency
    paid = total((payment.amount for payment in found.document.payments if payment.state in PAID_STATES), currency)
    return paid - (given_back(found) or Money(0, currency))


def given_back(found: ReservationFound) -> Money | None:
    """Sum what was refunded; nothing when there was no refund."""
    refunds = [payment.refunded for payment in found.document.payments if payment.refunded]
    return total(refunds, found.document.held.total.currency) if refunds else None


def cancellation_preview(found: ReservationFound, now: datetime) -> tuple[Money, Money]:
    """Say what cancelling at `now` would cost and give back: (fee, refund). A hold costs nothing."""
    held = found.document.held
    paid = paid_of(found)
    nothing = Money(0, held.total.currency)
    if found.document.state != "confirmed":
        return nothing, nothing
    fee = total((cancellation_fee(stay.price, now) for stay in held.stays), held.total.currency)
    kept = min(fee, paid, key=lambda amount: amount.amount_minor)
    return kept, paid - kept
