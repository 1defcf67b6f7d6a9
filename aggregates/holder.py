"""Holder: one e-mail address or network address, known by a keyed hash, and the live holds it may have (law 10).

The stream's name changes every day with the hash, so it stays short and cannot be linked to yesterday's.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.event import Event
from ledger.refusal import Refusal


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

    def count(self, *, reservation_id: UUID, held_until: datetime, live: int, most: int) -> Event:
        """Count one more hold beside `live` others. Raises TooManyHolds when there may be `most`."""
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
