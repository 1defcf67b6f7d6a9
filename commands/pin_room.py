"""Promise a stay its room: from now on it is not moved to make room for others, nor by anybody who did not unpin it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from aggregates.reservation import Reservation
from commands.desk import desk_of, reads_of
from ledger.command import Command, Decision, Envelope, Handler, Known


class PinRoom(Command):
    """Why the room is promised; another reason replaces the one before."""

    reservation_id: UUID
    stay_id: UUID
    reason: Literal["promised", "accessible", "other"] = "promised"
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights."""
    return reads_of(envelope, known, envelope.asks(PinRoom).reservation_id)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Pin it, or do nothing when it is pinned for that reason. Refusals in order: reservation, version, stay and its state."""
    command = envelope.asks(PinRoom)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "held", "confirmed", "checked_in")
    pinned = Reservation.StayPinned(stay_id=stay.stay_id, reason=command.reason)
    return Decision(
        changes=[] if stay.pin == command.reason else desk.tell(pinned),
        answer={"reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "pin": command.reason},
    )


HANDLER = Handler(reads, decide)
