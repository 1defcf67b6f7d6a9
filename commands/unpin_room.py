"""Take back the promise of a room: the stay may be moved again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from commands.desk import desk_of, reads_of
from ledger.command import Command, Decision, Envelope, Handler, Known


class UnpinRoom(Command):
    """Which stay."""

    reservation_id: UUID
    stay_id: UUID
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    return reads_of(envelope, known, envelope.asks(UnpinRoom).reservation_id)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Unpin it, or do nothing when it is not pinned. Refusals in order: reservation, version, stay and its state."""
    command = envelope.asks(UnpinRoom)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "held", "confirmed", "checked_in")
    unpinned = Reservation.StayUnpinned(stay_id=stay.stay_id)
    return Decision(
        changes=desk.tell(unpinned) if stay.pin else [],
        answer={"reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "pin": ""},
    )


HANDLER = Handler(reads, decide)
