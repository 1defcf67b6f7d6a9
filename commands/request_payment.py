"""Request the checkout page for what is due on a held reservation: the ids are written down before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from aggregates.payment import LIVE, Payment, Vehicle
from aggregates.reservation import Reservation
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import payment_id

PAGE_MARGIN = timedelta(minutes=45)
"""Stripe's pages live 30 minutes at least, so a page outlives the hold; the saga closes it when the hold ends sooner."""


class RequestPayment(Command):
    """Open the payment of a reservation; one live payment at a time. `description` is what the guest reads there."""

    reservation_id: UUID
    description: str
    language: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the reservation and its payments."""
    command = envelope.asks(RequestPayment)
    yield command.reservation_id
    payments = known.get(Reservation, command.reservation_id).payments
    yield from payments
    yield payment_id(command.reservation_id, "deposit", len(payments) + 1)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Start a payment, or point to the one that is live. Raises Reservation.Unknown, Reservation.NotHeld."""
    command = envelope.asks(RequestPayment)
    reservation = known.get(Reservation, command.reservation_id)
    for earlier in reservation.payments:
        if known.get(Payment, earlier).state in LIVE:
            return Decision(answer={"payment_id": str(earlier)})
    new = payment_id(command.reservation_id, "deposit", len(reservation.payments) + 1)
    asked = reservation.ask_payment(new, now)
    held_until = reservation.held_until or now
    vehicle = Vehicle(
        description=command.description,
        language=command.language,
        expires_at=max(held_until, now) + PAGE_MARGIN,
    )
    requested = known.get(Payment, new).request(command.reservation_id, reservation.pay_now, vehicle)
    return Decision(changes=(Change(command.reservation_id, asked), Change(new, requested)), answer={"payment_id": str(new)})


HANDLER = Handler(reads, decide)
