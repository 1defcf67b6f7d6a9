"""Tells which rooms are free, and proposes rooms to try first. Reads bitmaps in Redis in one round trip.

With Redis gone the same is read from the ledger, slower. Nothing is decided here: only room-nights read in the deciding
batch accept or refuse.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from redis.exceptions import RedisError

from ledger.ids import room_night_stream
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates
from projections.availability import offset
from projections.redis_model import RedisModel
from queries.hotel import HotelQuery
from queries.streams import Streams

logger = logging.getLogger(__name__)

MARGIN_NIGHTS = 30
"""Nights before and after a stay that are looked at to find the room that leaves the longest free runs."""

FARTHEST_BIT = 36_500
"""A hundred years of nights: whoever asks for more is refused by the decision anyway."""

READ = """
local generation = redis.call('GET', KEYS[1] .. ':live') or '1'
local root = KEYS[1] .. ':' .. generation
local answer = {redis.call('GET', root .. ':position') or '0', redis.call('GET', root .. ':rooms') or '{}'}
for _, room in ipairs(ARGV) do
    if _ > 2 then answer[#answer + 1] = redis.call('GETRANGE', root .. ':room:' .. room, ARGV[1], ARGV[2]) end
end
return answer
"""


@dataclass(frozen=True)
class RoomDates:
    """One room's nights from `first` on: bit i of `taken` is set when night `first` + i is held or booked."""

    room: str
    first: date
    taken: int

    def fits(self, dates: StayDates) -> bool:
        """Tell whether the whole stay is free."""
        return not self.taken >> (dates.arrival - self.first).days & ((1 << dates.nights) - 1)

    def is_taken(self, night: date) -> bool:
        """Tell whether a night is taken."""
        return bool(self.taken >> (night - self.first).days & 1)

    def spare(self, dates: StayDates) -> int:
        """Count the free nights that would touch the stay on both sides, up to the margin: the fewer, the better the fit."""
        before = after = 0
        while before < MARGIN_NIGHTS and not self.is_taken(dates.arrival - timedelta(days=before + 1)):
            before += 1
        while after < MARGIN_NIGHTS and not self.is_taken(dates.departure + timedelta(days=after)):
            after += 1
        return before + after


@dataclass(frozen=True)
class Free:
    """The dates of rooms by room type, as of `position` of the ledger."""

    position: int
    rooms: Mapping[str, Sequence[RoomDates]]

    def left(self, room_type: str, dates: StayDates) -> int:
        """Count the rooms of a type that one stay could have for all its nights."""
        return sum(room.fits(dates) for room in self.rooms.get(room_type, ()))

    def best(self, room_type: str, dates: StayDates) -> tuple[str, ...]:
        """List the rooms of a type that fit, the one that leaves the longest free runs elsewhere first."""
        fitting = [room for room in self.rooms.get(room_type, ()) if room.fits(dates)]
        return tuple(room.room for room in sorted(fitting, key=lambda room: (room.spare(dates), room.room)))


class AvailabilityQuery:
    """Free rooms of one property."""

    def __init__(self, property_code: str, model: RedisModel, hotel: HotelQuery, streams: Streams) -> None:
        self._property_code = property_code
        self._model = model
        self._hotel = hotel
        self._streams = streams
        self._read = model.redis.register_script(READ)

    async def free(self, dates: StayDates, room_types: Sequence[str] | None = None) -> Free:
        """Give the dates of all rooms of some types, or of all, around a stay."""
        definition = (await self._hotel.current()).definition
        types = room_types if room_types is not None else [kind.code for kind in definition.room_types]
        rooms = {kind: definition.rooms_of(kind) for kind in types}
        try:
            return await self._from_redis(dates, rooms)
        except RedisError as gone:
            logger.warning("availability comes from the ledger, Redis does not answer: %s", type(gone).__name__)
            return await self._from_ledger(dates, rooms)

    async def suggest(self, room_type: str, dates: StayDates, rooms: int) -> tuple[str, ...]:
        """Propose rooms to try first for a hold: nothing when none seems free or nothing can be read."""
        if not 0 < dates.nights <= LONGEST_STAY_NIGHTS or not MARGIN_NIGHTS < offset(dates.arrival) < FARTHEST_BIT:
            return ()
        free = await self.free(dates, [room_type])
        return free.best(room_type, dates)[:rooms]

    async def _from_redis(self, dates: StayDates, rooms: Mapping[str, Sequence[str]]) -> Free:
        start = max(0, offset(dates.arrival) - MARGIN_NIGHTS) // 8
        end = (offset(dates.departure) + MARGIN_NIGHTS) // 8
        every = [room for of_type in rooms.values() for room in of_type]
        answer = await cast("Awaitable[Any]", self._read(keys=[self._model.root], args=[start, end, *every]))
        position, _, *maps = answer
        first = dates.arrival + timedelta(days=start * 8 - offset(dates.arrival))
        dated = {room: RoomDates(room, first, _bits(raw)) for room, raw in zip(every, maps, strict=True)}
        return Free(int(position), {kind: [dated[room] for room in of_type] for kind, of_type in rooms.items()})

    async def _from_ledger(self, dates: StayDates, rooms: Mapping[str, Sequence[str]]) -> Free:
        first = dates.arrival - timedelta(days=MARGIN_NIGHTS)
        nights = [first + timedelta(days=night) for night in range(dates.nights + 2 * MARGIN_NIGHTS + 1)]
        place = {
            room_night_stream(self._property_code, room, night): (room, number)
            for of_type in rooms.values()
            for room in of_type
            for number, night in enumerate(nights)
        }
        position = await self._streams.head()
        taken = dict.fromkeys((room for of_type in rooms.values() for room in of_type), 0)
        for recorded in await self._streams.read(place):
            room, number = place[recorded.stream]
            bit = 1 << number
            held = recorded.event.topic in {"room-night.hold-requested.v1", "room-night.booking-confirmed.v1"}
            taken[room] = taken[room] | bit if held else taken[room] & ~bit
        return Free(
            position,
            {kind: [RoomDates(room, first, taken[room]) for room in of_type] for kind, of_type in rooms.items()},
        )


def _bits(raw: bytes) -> int:
    """Turn a bitmap whose first bit is the highest of its first byte into a number whose lowest bit comes first."""
    return int.from_bytes(raw.translate(_REVERSED), "little")


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def rooms_from(text: bytes) -> dict[str, list[str]]:
    """Read the rooms by type that the projection keeps."""
    rooms: dict[str, list[str]] = json.loads(text)
    return rooms
