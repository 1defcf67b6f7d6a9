"""What can happen to one stay of a reservation, and what the stay is after it. Part of the Reservation aggregate.

The reservation takes these classes over as its own: they are its events, in a file of their own because there are many.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from msgspec.structs import replace

from ledger.event import Event
from ledger.keys import Sealed
from ledger.money import Money
from ledger.stay import BookedStay, LiveStay, moved, rebooked, reinstated

ChangeReason = Literal["dates", "party", "room_type", "rate_plan", "several", "extended", "shortened"]
MoveReason = Literal["request", "maintenance", "upgrade", "swap", "reshuffle", "other"]
PinReason = Literal["promised", "accessible", "arriving", "in_house", "other"]
NO_STAY = UUID(int=0)


class StayChanged(Event, frozen=True):
    """A stay is booked anew, as `stay` says from now on; its rooms stay unless the last one is another."""

    topic: ClassVar[str] = "reservation.stay-changed.v1"
    stay_id: UUID
    stay: BookedStay
    difference: Money
    reason: ChangeReason


class StayMoved(Event, frozen=True):
    """A stay has another room from a night on, up to where it changes rooms next, or to its end."""

    topic: ClassVar[str] = "reservation.stay-moved.v1"
    stay_id: UUID
    from_room: str
    to_room: str
    first_night: date
    reason: MoveReason


class StayPinned(Event, frozen=True):
    """The room of a stay is promised: it is not moved to make room for others."""

    topic: ClassVar[str] = "reservation.stay-pinned.v1"
    stay_id: UUID
    reason: PinReason


class StayUnpinned(Event, frozen=True):
    """The room of a stay is not promised any more."""

    topic: ClassVar[str] = "reservation.stay-unpinned.v1"
    stay_id: UUID


class StayCheckedIn(Event, frozen=True):
    """The guests have the key; `early` before the hotel's check-in time, for `fee`."""

    topic: ClassVar[str] = "reservation.stay-checked-in.v1"
    stay_id: UUID
    room: str
    early: bool
    fee: Money


class StayCheckedOut(Event, frozen=True):
    """The guests have left; `late` after the hotel's check-out time, for `fee`."""

    topic: ClassVar[str] = "reservation.stay-checked-out.v1"
    stay_id: UUID
    departed_on: date
    late: bool
    fee: Money


class StayNoShow(Event, frozen=True):
    """The guests did not come; `fee` is charged by the policy, `refund` goes back."""

    topic: ClassVar[str] = "reservation.stay-no-show.v1"
    stay_id: UUID
    fee: Money
    refund: Money


class StayReinstated(Event, frozen=True):
    """Guests came after their no-show: the stay is booked again, as `stay` says; `fee` is kept for the nights before it."""

    topic: ClassVar[str] = "reservation.stay-reinstated.v1"
    stay_id: UUID
    stay: BookedStay
    fee: Money
    refund: Money


class StayCancelled(Event, frozen=True):
    """One stay was cancelled for a coded reason; `fee` stays with the hotel, `refund` goes back."""

    topic: ClassVar[str] = "reservation.stay-cancelled.v1"
    stay_id: UUID
    reason: str
    fee: Money
    refund: Money


class Noted(Event, frozen=True):
    """Staff noted something, about one stay or about all. Personal data."""

    topic: ClassVar[str] = "reservation.noted.v1"
    stay_id: UUID | None
    note: Sealed


class GuestsNamed(Event, frozen=True):
    """Who stays in the room. Personal data."""

    topic: ClassVar[str] = "reservation.guests-named.v1"
    stay_id: UUID
    guests: Sealed


def folded(stays: Mapping[UUID, LiveStay], event: Event) -> dict[UUID, LiveStay]:
    """Give a reservation's stays as they are after an event of one of them."""
    stay = stays.get(getattr(event, "stay_id", NO_STAY))
    return dict(stays) if stay is None else {**stays, stay.stay_id: _after(stay, event)}


def _after(stay: LiveStay, event: Event) -> LiveStay:
    match event:
        case StayChanged():
            stay = rebooked(stay, event.stay)
        case StayMoved():
            stay = moved(stay, event.first_night, event.to_room)
        case StayPinned():
            stay = replace(stay, booked=replace(stay.booked, pin=event.reason))
        case StayUnpinned():
            stay = replace(stay, booked=replace(stay.booked, pin=""))
        case StayCheckedIn():
            stay = replace(stay, state="checked_in", extras=stay.extras + event.fee)
        case StayCheckedOut():
            stay = replace(stay, state="checked_out", extras=stay.extras + event.fee)
        case StayNoShow():
            stay = replace(stay, state="no_show", fee=event.fee)
        case StayReinstated():
            stay = reinstated(stay, event.stay, event.fee)
        case StayCancelled():
            stay = replace(stay, state="cancelled", fee=event.fee)
    return stay
