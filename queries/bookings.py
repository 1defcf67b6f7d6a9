"""A reservation as people see it: what is paid, what is left, what may be done. Shared by API, pages and letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.clock import local_date
from ledger.money import Money, at_least_nothing, total
from ledger.price import cancellation_fee
from ledger.stay import LIVE, SOLD, BookedStay
from projections.hotel import Hotel
from projections.stays import cost_of, shown
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
    owed = owed_of(found) if state == document.state else Money(0, held.total.currency)
    today = local_date(now, hotel.definition.time_zone)
    begun = any(row.booked.dates.arrival < today for row in document.stays if row.state in LIVE)
    return Booking(
        state=state,
        owed=owed,
        paid=paid,
        balance=at_least_nothing(owed - kept_of(found)),
        can_cancel=state in {"held", "confirmed"} and not begun,
    )


def stays_shown(found: ReservationFound) -> list[BookedStay]:
    """List the stays that a guest still has or had; all of them when every one was given up."""
    return shown(found.document.stays)


def total_of(found: ReservationFound) -> Money:
    """Sum what the stays cost that a guest still has or had; what all of them would have cost when all were given up."""
    stays, currency = found.document.stays, found.document.held.total.currency
    if any(row.state in SOLD for row in stays):
        return cost_of(stays, currency)
    return total((row.booked.price.total for row in stays), currency)


def fees_of(found: ReservationFound) -> Money | None:
    """Sum what the hotel keeps of stays that were given up; nothing when none was."""
    return _sum([found.document.fee, *(row.fee for row in found.document.stays)])


def promised_back(found: ReservationFound) -> Money | None:
    """Sum what is on its way back and, of a booking that was given up, all that was promised; nothing when that is nothing."""
    document = found.document
    promised = _sum([document.refund, *(row.refund for row in document.stays)])
    under_way = _sum([payment.returning for payment in document.payments])
    done = given_back(found)
    left = under_way - done if under_way and done else under_way
    return promised if document.state in {"cancelled", "no_show"} else left or None


def _sum(amounts: Iterable[Money | None]) -> Money | None:
    found = [amount for amount in amounts if amount is not None]
    return total(found, found[0].currency) if found else None


def owed_of(found: ReservationFound) -> Money:
    """Sum what the guest pays in all as it stands: for stays, and as fees for those that were given up."""
    document, currency = found.document, found.document.held.total.currency
    whole = document.fee or Money(0, currency)
    return total((row.stay.owed for row in document.stays), currency) + whole


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


def cancellation_preview(found: ReservationFound, now: datetime, stay_id: UUID | None = None) -> tuple[Money, Money]:
    """Say what giving up a stay, or all of them, would cost at `now` and give back: (fee, refund). A hold costs nothing.

    The fee is kept out of what was paid and is not kept already; back goes what is more than all that is owed then.
    """
    nothing = Money(0, found.document.held.total.currency)
    prices = [
        row.booked.price for row in found.document.stays if row.state == "confirmed" and stay_id in {None, row.booked.stay_id}
    ]
    if not prices:
        return nothing, nothing
    paid, fees = kept_of(found), fees_of(found) or nothing
    by_policy = total((cancellation_fee(price, now) for price in prices), nothing.currency)
    fee = min(by_policy, at_least_nothing(paid - fees))
    owed = owed_of(found) - total((price.total for price in prices), nothing.currency) + fee
    return fee, at_least_nothing(paid - owed)
