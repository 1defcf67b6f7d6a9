"""Waitlist: who waits for a room that is not free, in the order in which they came, one list a property.

An offer is a hold for whoever is next: a reservation under the id of the entry, with a time limit, so law 1 and 2 hold for it
like for any other. What becomes of an offer stands there; who was offered a room waits no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Event
from ledger.keys import Sealed
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

EndReason = Literal["withdrawn", "past"]


class Waitlist:
    """Those who wait at one property."""

    class Joined(Event, frozen=True):
        """Somebody waits for a room. Both sealed fields are personal data, bound to the reservation that an offer will make.

        `waiting` counts who waits from now on.
        """

        topic: ClassVar[str] = "waitlist.joined.v1"
        entry_id: UUID
        room_type: str
        rate_plan: str
        dates: StayDates
        adults: int
        children: int
        guest: Sealed
        fiscal: Sealed | None
        language: str
        joined_on: date
        waiting: int

    class Offered(Event, frozen=True):
        """A freed room is held for the next who waits for it, until `held_until`; `waiting` counts who still waits."""

        topic: ClassVar[str] = "waitlist.offered.v1"
        entry_id: UUID
        room: str
        held_until: datetime
        waiting: int

    class Left(Event, frozen=True):
        """Somebody waits no longer, without an offer; their keys `guest_id` are destroyed. `waiting` counts who still waits."""

        topic: ClassVar[str] = "waitlist.left.v1"
        entry_id: UUID
        guest_id: UUID
        reason: EndReason
        waiting: int

    class Unknown(Refusal):
        code = "waitlist.unknown"

    class Full(Refusal):
        code = "waitlist.full"

    def __init__(self) -> None:
        self.entries: Mapping[UUID, Waitlist.Joined] = {}
        """Who waits, first come first."""

    def join(self, entry: Waitlist.Joined, most: int) -> Event:
        """Let somebody wait behind the others. Raises Full."""
        if len(self.entries) >= most:
            raise Waitlist.Full(f"{most} wait already, more cannot hope for a room: choose other dates or another room type.")
        return entry

    def offer(self, entry_id: UUID, room: str, held_until: datetime) -> Event:
        """Offer a room to somebody who waits. Raises Unknown."""
        self.waits(entry_id)
        return Waitlist.Offered(entry_id=entry_id, room=room, held_until=held_until, waiting=len(self.entries) - 1)

    def leave(self, entry_id: UUID, reason: EndReason) -> Event:
        """Let somebody go. Raises Unknown."""
        entry = self.waits(entry_id)
        return Waitlist.Left(
            entry_id=entry_id, guest_id=entry.guest.key_id, reason=reason, waiting=len(self.entries) - 1
        )  # fmt: skip

    def waits(self, entry_id: UUID) -> Waitlist.Joined:
        """Give the entry of somebody who waits. Raises Unknown."""
        entry = self.entries.get(entry_id)
        if entry is None:
            raise Waitlist.Unknown("Nobody waits under this id: they left, or were offered a room; look at the reservation.")
        return entry

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Waitlist.Joined():
                self.entries = {**self.entries, event.entry_id: event}
            case Waitlist.Offered(entry_id=entry_id) | Waitlist.Left(entry_id=entry_id):
                self.entries = {key: entry for key, entry in self.entries.items() if key != entry_id}
