"""Confirm a held reservation on a member of staff's word, without a card payment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.nights import confirm_nights, streams_of
from commands.typed_text import Remark
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class ConfirmReservation(Command):
    """Book the held rooms; `guarantee` says on what (company letter, bank transfer, house), never for whom."""

    reservation_id: UUID
    guarantee: Remark = "staff"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the reservation, its payments and its room-nights."""
    reservation_id = envelope.asks(ConfirmReservation).reservation_id
    yield reservation_id
    reservation = known.get(Reservation, reservation_id)
    yield from reservation.payments
    yield from streams_of(envelope.property_code, reservation)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Confirm while all nights are held; an open payment is voided. Raises Reservation.NotHeld, RoomNight.NotHeld."""
    command = envelope.asks(ConfirmReservation)
    reservation = known.get(Reservation, command.reservation_id)
    confirmed = reservation.confirm(command.guarantee)
    nights = confirm_nights(envelope.property_code, reservation, known)
    voids = [
        Change(payment_id, event)
        for payment_id in reservation.payments
        for event in known.get(Payment, payment_id).void("confirmed without it")
    ]
    return Decision(
        changes=[Change(command.reservation_id, confirmed), *nights, *voids],
        answer={"reservation_id": str(command.reservation_id), "state": "confirmed"},
    )


HANDLER = Handler(reads, decide)
