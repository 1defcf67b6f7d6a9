"""Record a turnaway: what was asked for and why nothing came of it. No personal data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from aggregates.property import Property
from aggregates.turnaway import Reason, Turnaway
from commands.typed_text import CodeOrNothing
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream
from ledger.stay_dates import StayDates


class RecordTurnaway(Command):
    """Rooms were asked for and not booked. `room_type` empty: any."""

    reason: Reason
    room_type: CodeOrNothing = ""
    arrival: date
    departure: date
    rooms: int = Field(default=1, ge=1, le=2_000)
    adults: int = Field(default=2, ge=1, le=4_000)
    children: int = Field(default=0, ge=0, le=4_000)


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the definition and the record."""
    return [property_stream(envelope.property_code), made_by(envelope.command_id, "turnaway")]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Record it. Refusals in order: dates, room type. A party of any size may have been turned away."""
    command = envelope.asks(RecordTurnaway)
    hotel = known.get(Property, property_stream(envelope.property_code))
    today = local_date(now, hotel.opened().time_zone)
    dates = StayDates(command.arrival, command.departure)
    dates.check(today)
    if command.room_type:
        hotel.welcome(command.room_type, 1, 0)
    stream = made_by(envelope.command_id, "turnaway")
    recorded = known.get(Turnaway, stream).record(
        reason=command.reason, room_type=command.room_type, dates=dates, rooms=command.rooms, adults=command.adults,
        children=command.children, asked_on=today,
    )  # fmt: skip
    return Decision(changes=[Change(stream, recorded)], answer={"turnaway_id": stream, "reason": command.reason})


HANDLER = Handler(reads, decide)
