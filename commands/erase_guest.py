"""Have the guest of a reservation forgotten. The ledger says so first; keys, read models and vendors follow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.property import Property
from aggregates.reservation import Reservation
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream


class EraseGuest(Command):
    """Forget who this reservation was for."""

    reservation_id: UUID


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the property, whose date counts, and the reservation."""
    return [property_stream(envelope.property_code), envelope.asks(EraseGuest).reservation_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Decide it once. Raises Reservation.Unknown, Reservation.StayLive."""
    reservation_id = envelope.asks(EraseGuest).reservation_id
    reservation = known.get(Reservation, reservation_id)
    today = local_date(now, known.get(Property, property_stream(envelope.property_code)).opened().time_zone)
    events = reservation.erase_guest(today)
    return Decision(
        changes=[Change(reservation_id, event) for event in events],
        answer={"reservation_id": str(reservation_id), "guest_id": str(reservation.guest_id), "erased_before": not events},
    )


HANDLER = Handler(reads, decide)
