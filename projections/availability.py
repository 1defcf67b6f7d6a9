"""Availability in Redis: a bitmap a room, one bit a night: taken or free; and a room type's numbers from each date on.

The bitmaps propose rooms; the numbers of `from_date` answer what is left with one look-up, whatever the length of the stay.
Only nights count here: day use has room-nights of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from aggregates.property import Property
from aggregates.room_night import RoomNight
from ledger.ids import doors_of
from projections.house_nights import Changes, HouseNights, Rooms, bits_of
from projections.redis_model import RedisModel, Write

if TYPE_CHECKING:
    from ledger.event import Event, Recorded

NAME = "availability"
KEPT_AS = "availability.v2"
"""What its keys begin with: another layout has another name, so that an older one is never read as this one."""
LOOKS_AT = frozenset({"room-night", "property"})
FIRST_DATE = date(2020, 1, 1)
"""Bit 0 of every room's map."""


def offset(night: date) -> int:
    """Give the bit of a night."""
    return (night - FIRST_DATE).days


def nights_told(event: Event) -> Iterator[tuple[str, date, bool]]:
    """Say which night of which room an event takes (True) or frees; nothing for day use, and for events that do neither."""
    match event:
        case (
            RoomNight.HoldRequested(room=room, stay_date=night, slot="night")
            | RoomNight.BookingConfirmed(room=room, stay_date=night, slot="night")
            | RoomNight.Blocked(room=room, stay_date=night, slot="night")
        ):
            yield room, night, True
        case (
            RoomNight.HoldReleased(room=room, stay_date=night, slot="night")
            | RoomNight.Cancelled(room=room, stay_date=night, slot="night")
            | RoomNight.Released(room=room, stay_date=night, slot="night")
            | RoomNight.Unblocked(room=room, stay_date=night, slot="night")
        ):
            yield room, night, False
        case RoomNight.Reassigned(room=room, stay_date=night, arrives=arrives, slot="night"):
            yield room, night, arrives


class Availability:
    """Keeps bitmaps and numbers of one property. What was written last is kept at hand while nobody else moves the model."""

    def __init__(self, model: RedisModel) -> None:
        self.model = model
        self.name = NAME
        self._place = (0, 0)
        self._nights: HouseNights | None = None

    async def apply(self, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions when the generation stands at `before`; tell whether it did."""
        nights = await self._lent(generation, before)
        if nights is None:
            return False
        rooms, changes = _told(batch)
        unplaced = [] if rooms is None else nights.define(rooms)
        unplaced += nights.take(changes)
        writes: list[Write] = [(verb, self.model.key(generation, *key), *values) for verb, key, *values in unplaced]
        done = await self.model.apply(generation, before, after, writes)
        if done:
            self._place, self._nights = (generation, after), nights
        return done

    async def _lent(self, generation: int, position: int) -> HouseNights | None:
        """Hand out what is kept of a generation at a position, or read it; nothing when the generation has moved on."""
        kept, self._nights = self._nights, None
        if kept is not None and self._place == (generation, position):
            return kept
        return await self._read(generation, position) if position else HouseNights()

    async def _read(self, generation: int, position: int) -> HouseNights | None:
        redis = self.model.redis
        rooms: Rooms = json.loads(await redis.get(self.model.key(generation, "rooms")) or "{}")
        every = sorted({door for of_type in rooms.values() for room in of_type for door in doors_of(room)})
        pipeline = redis.pipeline(transaction=True)
        pipeline.get(self.model.key(generation, "position"))
        for door in every:
            pipeline.get(self.model.key(generation, "room", door))
        reached, *maps = await pipeline.execute()
        if int(reached or 0) != position:
            return None
        return HouseNights(rooms, {door: bits_of(raw) for door, raw in zip(every, maps, strict=True) if raw})


def _told(batch: Sequence[Recorded]) -> tuple[Rooms | None, Changes]:
    """Put together which rooms there are, when the batch says so, and which nights are taken and free in the end."""
    rooms: Rooms | None = None
    changes: Changes = {}
    for recorded in batch:
        match recorded.event:
            case Property.Opened(definition=definition) | Property.Redefined(definition=definition):
                rooms = {kind.code: definition.rooms_of(kind.code) for kind in definition.room_types}
            case event:
                for room, night, taken in nights_told(event):
                    if night >= FIRST_DATE:
                        changes[room, offset(night)] = taken
    return rooms, changes
