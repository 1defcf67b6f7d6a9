"""Join the waitlist for a room type and dates. The details are sealed for the reservation that an offer will make."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.waitlist import Waitlist
from commands.hold_stay import GuestDetails
from commands.typed_text import Code
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream, rates_stream, waitlist_stream
from ledger.refusal import IdReused
from ledger.stay_dates import StayDates

MOST_WAITING = 500
"""So many may wait at one property: an offer looks at all of them."""


class JoinWaitlist(Command):
    """Wait for one room of a type."""

    room_type: Code
    rate_plan: Code
    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    guest: GuestDetails


def entry_id(envelope: Envelope) -> UUID:
    """Name the entry, and the reservation that an offer to it will make."""
    return made_by(envelope.command_id, "reservation")


def guests(envelope: Envelope) -> list[tuple[str, GuestDetails, UUID]]:
    """List whose details are to be sealed: (what the sealed fields' names end with, details, the reservation to be)."""
    return [("", envelope.asks(JoinWaitlist).guest, entry_id(envelope))]


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the definition, the tariff and the waitlist."""
    code = envelope.property_code
    return [property_stream(code), rates_stream(code), waitlist_stream(code)]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Join. Refusals in order: dates, party, price, too many who wait."""
    command, code = envelope.asks(JoinWaitlist), envelope.property_code
    hotel = known.get(Property, property_stream(code))
    today = local_date(now, hotel.opened().time_zone)
    dates = StayDates(command.arrival, command.departure)
    dates.check(today)
    hotel.welcome(command.room_type, command.adults, command.children)
    known.get(Rates, rates_stream(code)).price(
        room_type=command.room_type, rate_plan=command.rate_plan, dates=dates, adults=command.adults, children=command.children
    )
    waitlist = known.get(Waitlist, waitlist_stream(code))
    entry = entry_id(envelope)
    if entry in waitlist.entries:
        raise IdReused("This Idempotency-Key joined the waitlist before: send a new key to wait for another room.")
    joined = Waitlist.Joined(
        entry_id=entry, room_type=command.room_type, rate_plan=command.rate_plan, dates=dates, adults=command.adults,
        children=command.children, guest=envelope.sealed["guest"], fiscal=envelope.sealed.get("fiscal"),
        language=command.guest.language, joined_on=today, waiting=len(waitlist.entries) + 1,
    )  # fmt: skip
    return Decision(
        changes=[Change(waitlist_stream(code), waitlist.join(joined, MOST_WAITING))],
        guards=(property_stream(code), rates_stream(code)),
        answer={
            "entry_id": entry, "room_type": command.room_type, "arrival": command.arrival, "departure": command.departure,
            "before": sum(each.room_type == command.room_type for each in waitlist.entries.values()),
        },
    )  # fmt: skip


HANDLER = Handler(reads, decide)
