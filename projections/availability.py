"""Availability in Redis: one bitmap a room, one bit a night: taken (held or booked) or free.

A stay fits a room when its range of bits is empty, so a query reads a few bytes a room, whatever the length of the stay.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from aggregates.property import Property
from aggregates.room_night import RoomNight
from projections.redis_model import RedisModel, Write

if TYPE_CHECKING:
    from ledger.event import Recorded

NAME = "availability"
LOOKS_AT = frozenset({"room-night", "property"})
FIRST_DATE = date(2020, 1, 1)
"""Bit 0 of every room's map."""


def offset(night: date) -> int:
    """Give the bit of a night."""
    return (night - FIRST_DATE).days


class Availability:
    """Keeps the bitmaps of one property."""

    def __init__(self, model: RedisModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions when the generation stands at `before`; tell whether it did."""
        writes: dict[tuple[str, ...], Write] = {}
        for recorded in batch:
            match recorded.event:
                case (
                    RoomNight.HoldRequested(room=room, stay_date=night) | RoomNight.BookingConfirmed(room=room, stay_date=night)
                ):
                    write = self._bit(generation, room, night, "1")
                case RoomNight.HoldReleased(room=room, stay_date=night) | RoomNight.Cancelled(room=room, stay_date=night):
                    write = self._bit(generation, room, night, "0")
                case Property.Opened(definition=definition) | Property.Redefined(definition=definition):
                    rooms = {kind.code: definition.rooms_of(kind.code) for kind in definition.room_types}
                    write = ("SET", self.model.key(generation, "rooms"), json.dumps(rooms))
                case _:
                    continue
            writes[write[:3]] = write
        return await self.model.apply(generation, before, after, writes.values())

    def _bit(self, generation: int, room: str, night: date, taken: str) -> Write:
        return ("SETBIT", self.model.key(generation, "room", room), str(offset(night)), taken)
