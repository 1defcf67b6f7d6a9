"""Say that two bookings are the same person's. Both keep their own encrypted details; one is found through the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from commands.private_fields import GuestForgotten
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.refusal import Refusal


class MergeGuests(Command):
    """Take the guest of `reservation_id` for the same person as the guest of `into`, another reservation."""

    reservation_id: UUID
    into: UUID

    class SamePerson(Refusal):
        code = "guest.same_person"
        field = "into"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name both reservations."""
    command = envelope.asks(MergeGuests)
    return [command.reservation_id, command.into]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Merge them. Raises Reservation.Unknown, GuestForgotten, MergeGuests.SamePerson."""
    command = envelope.asks(MergeGuests)
    former, person = (_person(known.get(Reservation, each)) for each in (command.reservation_id, command.into))
    if former == person:
        raise MergeGuests.SamePerson("Both bookings are the same person's already: nothing is left to do.")
    return Decision(
        changes=[Change(command.reservation_id, Reservation.MergedGuest(guest_id=former, into=person))],
        guards=[command.into],
        answer={"reservation_id": command.reservation_id, "guest_id": person},
    )


def _person(reservation: Reservation) -> UUID:
    reservation.must_exist()
    if reservation.vendors_left is not None or reservation.person is None:
        raise GuestForgotten("One of the two guests was forgotten: nothing can be said about them any more.")
    return reservation.person


HANDLER = Handler(reads, decide)
