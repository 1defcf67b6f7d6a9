"""Holder: one e-mail address or network address, known by a keyed hash, and the live holds it may have (law 10).

The stream's name changes every day with the hash, so it stays short and cannot be linked to yesterday's.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.event import Event
from ledger.refusal import Refusal

MOST_ROOM_NIGHTS = 100
"""Unpaid room-nights of one guest: a family's three weeks in four rooms, not a hotel's season."""


class Holder:
    """Somebody who holds rooms without having paid."""

    class HoldCounted(Event, frozen=True):
        """A reservation of this holder holds rooms until `held_until` at the latest."""

        topic: ClassVar[str] = "holder.hold-counted.v1"
        reservation_id: UUID
        held_until: datetime

    class TooManyHolds(Refusal):
        code = "holder.too_many_holds"

    def __init__(self) -> None:
        self.holds: tuple[tuple[UUID, datetime], ...] = ()

    def unended(self, now: datetime) -> tuple[UUID, ...]:
        """List the reservations whose time is not over yet; some may be paid or given back already."""
        return tuple(reservation_id for reservation_id, held_until in self.holds if held_until > now)

    def count(self, *, reservation_id: UUID, held_until: datetime, live: int, most: int, room_nights: int) -> Event:
        """Count one more hold beside `live` others. `room_nights`: all that would be held then, the new ones included.

        Raises TooManyHolds when there may be `most`, or when more room-nights are held than one guest needs.
        """
        if room_nights > MOST_ROOM_NIGHTS:
            raise Holder.TooManyHolds(
                f"Without an account at most {MOST_ROOM_NIGHTS} room-nights can be held at a time: book in parts, or ask us.",
                most_room_nights=MOST_ROOM_NIGHTS,
            )
        if live >= most:
            raise Holder.TooManyHolds(
                f"There are {live} unpaid holds from you already, and {most} are allowed: pay or release one of them first.",
                most=most,
            )
        return Holder.HoldCounted(reservation_id=reservation_id, held_until=held_until)

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Holder.HoldCounted():
                self.holds = (*self.holds, (event.reservation_id, event.held_until))
