"""Expire a hold whose time is over: rooms go back and the payment is voided, in one commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.nights import lost_nights, release_nights, streams_of
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class ExpireHold(Command):
    """End the hold of a reservation."""

    reservation_id: UUID


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the reservation, its payments and its room-nights."""
    reservation_id = envelope.asks(ExpireHold).reservation_id
    yield reservation_id
    reservation = known.get(Reservation, reservation_id)
    yield from reservation.payments
    yield from streams_of(envelope.property_code, reservation)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """End it. Raises Reservation.Unknown, Reservation.NotHeld, Reservation.StillHeld."""
    reservation_id = envelope.asks(ExpireHold).reservation_id
    reservation = known.get(Reservation, reservation_id)
    reservation.must_be_held()
    expired = reservation.expire(now, lost_nights(envelope.property_code, reservation, known))
    released = release_nights(envelope.property_code, reservation, known, "expired")
    voids = [
        Change(payment_id, event)
        for payment_id in reservation.payments
        for event in known.get(Payment, payment_id).void("the hold expired")
    ]
    return Decision(changes=[Change(reservation_id, expired), *released, *voids], answer={"state": "expired"})


HANDLER = Handler(reads, decide)
