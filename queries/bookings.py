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
    """State and money of a reservation at one moment. `state`: a hold whose time is over is shown as expired.

    `owed` is what the guest pays in all as it stands, `paid` what is here, `balance` what is left to pay.
    """

    state: str
    owed: Money
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
        state=state,
        owed=owed,
        paid=paid,
        balance=max(owed - kept_of(found), Money(0, paid.currency), key=lambda money: money.amount_minor),
        can_cancel=state in {"held", "confirmed"} and not begun,
    )


def paid_of(found: ReservationFound) -> Money:
    """Sum what was paid and was not sent back yet."""
    return _captured(found) - (given_back(found) or Money(0, found.document.held.total.currency))


def kept_of(found: ReservationFound) -> Money:
    """Sum what was paid and will not go back: without what is on its way."""
    payments = (payment for payment in found.document.payments if payment.state in PAID_STATES)
    returning = (payment.returning or payment.refunded for payment in payments)
    currency = found.document.held.total.currency
    return _captured(found) - total((amount for amount in returning if amount), currency)


def _captured(found: ReservationFound) -> Money:
    payments = (payment.amount for payment in found.document.payments if payment.state in PAID_STATES)
    return total(payments, found.document.held.total.currency)


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
