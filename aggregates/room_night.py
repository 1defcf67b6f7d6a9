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
EndReason = Literal["no_show", "early_departure"]
MoveReason = Literal["move", "swap", "reshuffle"]
BlockReason = Literal["out_of_order", "group", "house_use"]
UnblockReason = Literal["ended", "released", "picked_up", "moved"]


class RoomNight:
    """free → held → booked → free; held → free; free ↔ blocked; a held or booked stay may leave for another room."""

    class HoldRequested(Event, frozen=True):
        """A stay holds the room-night until `held_until`."""

        topic: ClassVar[str] = "room-night.hold-requested.v1"
        room: str
        stay_date: date
        stay_id: UUID
        reservation_id: UUID
        held_until: datetime
        slot: str = "night"

    class HoldReleased(Event, frozen=True):
        """The hold ended without a booking."""

        topic: ClassVar[str] = "room-night.hold-released.v1"
        room: str
        stay_date: date
        stay_id: UUID
        reason: ReleaseReason
        slot: str = "night"

    class BookingConfirmed(Event, frozen=True):
        """The stay that held the room-night has booked it."""

        topic: ClassVar[str] = "room-night.booking-confirmed.v1"
        room: str
        stay_date: date
        stay_id: UUID
        slot: str = "night"

    class Cancelled(Event, frozen=True):
        """The booking of the room-night was cancelled."""

        topic: ClassVar[str] = "room-night.cancelled.v1"
        room: str
        stay_date: date
        stay_id: UUID
        slot: str = "night"

    class Released(Event, frozen=True):
        """A booked room-night is free again, because the guests did not come or left early."""

        topic: ClassVar[str] = "room-night.released.v1"
        room: str
        stay_date: date
        stay_id: UUID
        reason: EndReason
        slot: str = "night"

    class Reassigned(Event, frozen=True):
        """A stay left this room for `other_room`, or `arrives` here from there; without `held_until` it is booked."""

        topic: ClassVar[str] = "room-night.reassigned.v1"
        room: str
        stay_date: date
        stay_id: UUID
        reservation_id: UUID
        other_room: str
        arrives: bool
        held_until: datetime | None
        reason: MoveReason
        slot: str = "night"

    class Blocked(Event, frozen=True):
        """Nobody can book the room-night; a `movable` block may be put on another room."""

        topic: ClassVar[str] = "room-night.blocked.v1"
        room: str
        stay_date: date
        block_id: UUID
        reason: BlockReason
        movable: bool
        slot: str = "night"

    class Unblocked(Event, frozen=True):
        """The block has ended."""

        topic: ClassVar[str] = "room-night.unblocked.v1"
        room: str
        stay_date: date
        block_id: UUID
        reason: UnblockReason
        slot: str = "night"

    class Taken(Refusal):
        code = "room_night.taken"

    class NotHeld(Refusal):
        code = "room_night.not_held"

    class NotBooked(Refusal):
        code = "room_night.not_booked"

    def __init__(self) -> None:
        self.state: Literal["free", "held", "booked", "blocked"] = "free"
        self.stay_id: UUID | None = None
        """Who has it: a stay, or a block."""
        self.reservation_id: UUID | None = None
        self.held_until: datetime | None = None
        self.movable = False

    def is_free(self, now: datetime) -> bool:
        """Tell whether a stay may take the room-night at `now`."""
        return self.state == "free" or (self.state == "held" and self.held_until is not None and self.held_until <= now)

    @property
    def is_off_the_market(self) -> bool:
        """Whether a block keeps everybody out, by day as well; a group's block is about the night only."""
        return self.state == "blocked" and not self.movable

    def is_held_by(self, stay_id: UUID) -> bool:
        """Tell whether this stay's hold stands, expired or not."""
        return self.state == "held" and self.stay_id == stay_id

    def hold(
        self, *, room: str, stay_date: date, stay_id: UUID, reservation_id: UUID, held_until: datetime, now: datetime,
        slot: str = "night",
    ) -> list[Event]:  # fmt: skip
        """Hold the room-night for a stay; an expired hold is released first. Raises Taken."""
        held = RoomNight.HoldRequested(
            room=room, stay_date=stay_date, stay_id=stay_id, reservation_id=reservation_id, held_until=held_until, slot=slot
        )
        return [*self._cleared(room, stay_date, now, slot), held]

    def block(
        self, *, room: str, stay_date: date, block_id: UUID, reason: BlockReason, movable: bool, now: datetime,
        slot: str = "night",
    ) -> list[Event]:  # fmt: skip
        """Take the room-night off the market; an expired hold is released first. Raises Taken."""
        blocked = RoomNight.Blocked(
            room=room, stay_date=stay_date, block_id=block_id, reason=reason, movable=movable, slot=slot
        )
        return [*self._cleared(room, stay_date, now, slot), blocked]

    def unblock(self, *, room: str, stay_date: date, block_id: UUID, reason: UnblockReason, slot: str = "night") -> list[Event]:
        """End a block; nothing when it is not this block's room-night."""
        if self.state != "blocked" or self.stay_id != block_id:
            return []
        return [RoomNight.Unblocked(room=room, stay_date=stay_date, block_id=block_id, reason=reason, slot=slot)]

    def confirm(self, *, room: str, stay_date: date, stay_id: UUID, slot: str = "night") -> Event:
        """Book the room-night for the stay that holds it. Raises NotHeld."""
        if not self.is_held_by(stay_id):
            raise RoomNight.NotHeld(f"The hold on room {room} for {stay_date} has ended: search again and book anew.")
        return RoomNight.BookingConfirmed(room=room, stay_date=stay_date, stay_id=stay_id, slot=slot)

    def release(self, *, room: str, stay_date: date, stay_id: UUID, reason: ReleaseReason, slot: str = "night") -> list[Event]:
        """End the hold of a stay; nothing when somebody else has taken the room-night since."""
        if not self.is_held_by(stay_id):
            return []
        return [RoomNight.HoldReleased(room=room, stay_date=stay_date, stay_id=stay_id, reason=reason, slot=slot)]

    def cancel(self, *, room: str, stay_date: date, stay_id: UUID, slot: str = "night") -> Event:
        """Give the room-night back. Raises NotBooked."""
        self._must_be_booked_by(stay_id, room, stay_date)
        return RoomNight.Cancelled(room=room, stay_date=stay_date, stay_id=stay_id, slot=slot)

    def end(self, *, room: str, stay_date: date, stay_id: UUID, reason: EndReason, slot: str = "night") -> Event:
        """Give a room-night back that the guests do not use. Raises NotBooked."""
        self._must_be_booked_by(stay_id, room, stay_date)
        return RoomNight.Released(room=room, stay_date=stay_date, stay_id=stay_id, reason=reason, slot=slot)

    def _must_be_booked_by(self, stay_id: UUID, room: str, stay_date: date) -> None:
        if self.state != "booked" or self.stay_id != stay_id:
            raise RoomNight.NotBooked(f"Room {room} is not booked for this stay on {stay_date}.")

    def _cleared(self, room: str, stay_date: date, now: datetime, slot: str) -> list[Event]:
        if not self.is_free(now):
            raise RoomNight.Taken(f"Room {room} is taken on {stay_date}: search again for the rooms that are free.")
        if self.stay_id is None:
            return []
        return [RoomNight.HoldReleased(room=room, stay_date=stay_date, stay_id=self.stay_id, reason="expired", slot=slot)]

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case RoomNight.HoldRequested():
                self.state, self.stay_id, self.held_until = "held", event.stay_id, event.held_until
                self.reservation_id = event.reservation_id
            case RoomNight.BookingConfirmed():
                self.state, self.held_until = "booked", None
            case RoomNight.Reassigned(arrives=True):
                self.state, self.held_until = "held" if event.held_until else "booked", event.held_until
                self.stay_id, self.reservation_id = event.stay_id, event.reservation_id
            case RoomNight.Blocked():
                self.state, self.stay_id, self.movable = "blocked", event.block_id, event.movable
                self.reservation_id = self.held_until = None
            case _:
                self.state, self.stay_id, self.movable = "free", None, False
                self.reservation_id = self.held_until = None
