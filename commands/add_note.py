"""Note something about a reservation, or about one of its stays: a wish, a complaint, what the reception must know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from commands.private_fields import sealed_field
from commands.typed_text import Note
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class AddNote(Command):
    """Note a text; it is personal data, and stored under the guest's own key only."""

    reservation_id: UUID
    stay_id: UUID | None = None
    note: Note
    expected_version: int | None = None


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the reservation."""
    return [envelope.asks(AddNote).reservation_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Note it. Raises Reservation.Unknown, StayUnknown, ChangedSince, GuestForgotten."""
    command = envelope.asks(AddNote)
    reservation = known.get(Reservation, command.reservation_id)
    reservation.must_exist()
    if command.stay_id is not None:
        reservation.stay(command.stay_id)
    reservation.must_be_at(command.expected_version)
    note = sealed_field(envelope, reservation, "note")
    noted = Reservation.Noted(stay_id=command.stay_id, note=note)
    return Decision(
        changes=[Change(command.reservation_id, noted)], answer={"reservation_id": command.reservation_id}
    )  # fmt: skip


HANDLER = Handler(reads, decide)
