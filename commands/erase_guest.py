"""Have the guest of a reservation forgotten. The ledger says so first; keys, read models and vendors follow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from aggregates.property import Property
from aggregates.reservation import Reservation
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.event import Event
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
    events = _erasure(reservation, today)
    return Decision(
        changes=[Change(reservation_id, event) for event in events],
        answer={"reservation_id": str(reservation_id), "guest_id": str(reservation.guest_id), "erased_before": not events},
    )


def _erasure(reservation: Reservation, today: date) -> list[Event]:
    """Have the guest forgotten; nothing when that was decided before."""
    reservation.must_exist()
    if reservation.state == "held":
        raise Reservation.StayLive("Rooms are still held under this name: give them back first.", state=reservation.state)
    departure = max(stay.dates.departure for stay in reservation.stays)
    if reservation.state == "in_house" or (reservation.state == "confirmed" and departure >= today):
        raise Reservation.StayLive(
            f"The stay is not over: cancel it first, or ask again after {departure}.",
            state=reservation.state,
            departure=departure.isoformat(),
        )
    if reservation.vendors_left is not None or reservation.guest_id is None:
        return []
    return [Reservation.GuestErased(guest_id=reservation.guest_id)]


HANDLER = Handler(reads, decide)
