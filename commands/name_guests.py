"""Say who stays in the room of a stay: the party by name, for the reception and whoever registers guests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from aggregates.reservation import Reservation
from commands.private_fields import sealed_field
from commands.typed_text import Country, Name
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.refusal import Refusal

MOST_GUESTS = 40


class NamedGuest(BaseModel):
    """Somebody of the party. Personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    country: Country = ""


class NameGuests(Command):
    """Name all guests of a stay; the list takes the place of the one before."""

    reservation_id: UUID
    stay_id: UUID
    guests: tuple[NamedGuest, ...] = Field(min_length=1, max_length=MOST_GUESTS)
    expected_version: int | None = None

    class TooMany(Refusal):
        code = "stay.too_many_guests"
        field = "guests"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the reservation."""
    return [envelope.asks(NameGuests).reservation_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Take the list over. Raises Reservation.Unknown, StayUnknown, ChangedSince, NameGuests.TooMany, GuestForgotten."""
    command = envelope.asks(NameGuests)
    reservation = known.get(Reservation, command.reservation_id)
    booked = reservation.stay(command.stay_id).booked
    reservation.must_be_at(command.expected_version)
    if len(command.guests) > booked.adults + booked.children:
        raise NameGuests.TooMany(
            f"The stay is booked for {booked.adults + booked.children} guests, the list names {len(command.guests)}:"
            " shorten the list, or change the party of the stay first.",
            booked=booked.adults + booked.children,
        )
    named = Reservation.GuestsNamed(stay_id=command.stay_id, guests=sealed_field(envelope, reservation, "guests"))
    return Decision(
        changes=[Change(command.reservation_id, named)], answer={"reservation_id": command.reservation_id}
    )  # fmt: skip


HANDLER = Handler(reads, decide)
