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
"""Unpaid room-nights of one guest in several rooms: a family's three weeks in four rooms, not a hotel's season."""
MOST_TRIES = 4
"""So many times as many holds may be begun, and given back, in the time that one lives."""


class Holder:
    """Somebody who holds rooms without having paid."""

    class HoldCounted(Event, frozen=True):
        """A reservation of this holder holds rooms until `held_until` at the latest."""

        topic: ClassVar[str] = "holder.hold-counted.v1"
        reservation_id: UUID
        held_until: datetime

    class TooManyHolds(Refusal):
        code = "holder.too_many_holds"

    class TooManyRoomNights(Refusal):
        code = "holder.too_many_room_nights"
        field = "rooms"

    def __init__(self) -> None:
        self.holds: tuple[tuple[UUID, datetime], ...] = ()

    def unended(self, now: datetime) -> tuple[UUID, ...]:
        """List the reservations whose time is not over yet; some may be paid or given back already."""
        return tuple(reservation_id for reservation_id, held_until in self.holds if held_until > now)

    def count(
        self, *, reservation_id: UUID, held_until: datetime, tried: int, live: int, most: int, room_nights: int, rooms: int
    ) -> Event:
        """Count one more hold beside `live` others, when `tried` were begun whose time is not over yet.

        `room_nights` and `rooms` are all that would be held then, the new ones included. One room may be held for any stay.
        Raises TooManyHolds, TooManyRoomNights.
        """
        if live >= most:
            raise Holder.TooManyHolds(
                f"There are {live} unpaid holds from you already, and {most} are allowed: pay or release one of them first.",
                most=most,
            )
        if tried >= MOST_TRIES * most:
            raise Holder.TooManyHolds(
                f"You have held and released rooms {tried} times just now: try again in some minutes.", most=MOST_TRIES * most
            )
        if rooms > 1 and room_nights > MOST_ROOM_NIGHTS:
            raise Holder.TooManyRoomNights(
                f"At most {MOST_ROOM_NIGHTS} nights in several rooms can be held at a time without an account:"
                " book in parts, or ask us.",
                most_room_nights=MOST_ROOM_NIGHTS,
            )
        return Holder.HoldCounted(reservation_id=reservation_id, held_until=held_until)

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Holder.HoldCounted():
                self.holds = (*self.holds, (event.reservation_id, event.held_until))
