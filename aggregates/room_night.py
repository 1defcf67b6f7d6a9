"""RoomNight: one physical room on one stay date. At most one live holder, whatever else happens (law 1).

The holder is a stay. A hold past `held_until` is free for the next taker, who first writes that it expired (law 2).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from ledger.event import Event
from ledger.refusal import Refusal

ReleaseReason = Literal["expired", "abandoned", "voided"]


class RoomNight:
    """free → held → booked → free; held → free."""

    class HoldRequested(Event, frozen=True):
        """A stay holds the room-night until `held_until`."""

        topic: ClassVar[str] = "room-night.hold-requested.v1"
        room: str
        stay_date: date
        stay_id: UUID
        reservation_id: UUID
        held_until: datetime

    class HoldReleased(Event, frozen=True):
        """The hold ended without a booking."""

        topic: ClassVar[str] = "room-night.hold-released.v1"
        room: str
        stay_date: date
        stay_id: UUID
        reason: ReleaseReason

    class BookingConfirmed(Event, frozen=True):
        """The stay that held the room-night has booked it."""

        topic: ClassVar[str] = "room-night.booking-confirmed.v1"
        room: str
        stay_date: date
        stay_id: UUID

    class Cancelled(Event, frozen=True):
        """The booking of the room-night was cancelled."""

        topic: ClassVar[str] = "room-night.cancelled.v1"
        room: str
        stay_date: date
        stay_id: UUID

    class Taken(Refusal):
        code = "room_night.taken"

    class NotHeld(Refusal):
        code = "room_night.not_held"

    class NotBooked(Refusal):
        code = "room_night.not_booked"

    def __init__(self) -> None:
        self.state: Literal["free", "held", "booked"] = "free"
        self.stay_id: UUID | None = None
        self.held_until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        """Tell whether a stay may take the room-night at `now`."""
        return self.state == "free" or (self.state == "held" and self.held_until is not None and self.held_until <= now)

    def is_held_by(self, stay_id: UUID) -> bool:
        """Tell whether this stay's hold stands, expired or not."""
        return self.state == "held" and self.stay_id == stay_id

    def hold(
        self, *, room: str, stay_date: date, stay_id: UUID, reservation_id: UUID, held_until: datetime, now: datetime
    ) -> list[Event]:
        """Hold the room-night for a stay; an expired hold is released first. Raises Taken."""
        if not self.is_free(now):
            raise RoomNight.Taken(f"Room {room} is taken on {stay_date}: search again for the rooms that are free.")
        events: list[Event] = []
        if self.state == "held" and self.stay_id is not None:
            events.append(RoomNight.HoldReleased(room=room, stay_date=stay_date, stay_id=self.stay_id, reason="expired"))
        events.append(
            RoomNight.HoldRequested(
                room=room, stay_date=stay_date, stay_id=stay_id, reservation_id=reservation_id, held_until=held_until
            )
        )
        return events

    def confirm(self, *, room: str, stay_date: date, stay_id: UUID) -> Event:
        """Book the room-night for the stay that holds it. Raises NotHeld."""
        if not self.is_held_by(stay_id):
            raise RoomNight.NotHeld(f"The hold on room {room} for {stay_date} has ended: search again and book anew.")
        return RoomNight.BookingConfirmed(room=room, stay_date=stay_date, stay_id=stay_id)

    def release(self, *, room: str, stay_date: date, stay_id: UUID, reason: ReleaseReason) -> list[Event]:
        """End the hold of a stay; nothing when somebody else has taken the room-night since."""
        if not self.is_held_by(stay_id):
            return []
        return [RoomNight.HoldReleased(room=room, stay_date=stay_date, stay_id=stay_id, reason=reason)]

    def cancel(self, *, room: str, stay_date: date, stay_id: UUID) -> Event:
        """Give the room-night back. Raises NotBooked."""
        if self.state != "booked" or self.stay_id != stay_id:
            raise RoomNight.NotBooked(f"Room {room} is not booked for this stay on {stay_date}.")
        return RoomNight.Cancelled(room=room, stay_date=stay_date, stay_id=stay_id)

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case RoomNight.HoldRequested():
                self.state, self.stay_id, self.held_until = "held", event.stay_id, event.held_until
            case RoomNight.BookingConfirmed():
                self.state, self.held_until = "booked", None
            case RoomNight.HoldReleased() | RoomNight.Cancelled():
                self.state, self.stay_id, self.held_until = "free", None, None
