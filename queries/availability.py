"""Tells which rooms are free, and proposes rooms to try first. Reads bitmaps in Redis, for all who ask at once together.

With Redis gone the same is read from the ledger, slower. Nothing is decided here: only room-nights read in the deciding
batch accept or refuse.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import randrange
from typing import NamedTuple, cast

import msgspec
from redis.exceptions import RedisError

from ledger.ids import room_night_stream
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates
from projections.availability import FIRST_DATE, bits_of, offset
from projections.redis_model import RedisModel
from queries.hotel import HotelQuery
from queries.joined import Joined
from queries.streams import Streams
from queries.taken_nights import MARGIN_NIGHTS, TakenNights

logger = logging.getLogger(__name__)

FARTHEST_BIT = 36_500
"""A hundred years of nights: whoever asks for more is refused by the decision anyway."""
ROOMS_LOOKED_AT = 128
"""Of a larger type so many rooms are looked at for one suggestion, unless too few of them are free."""

# ARGV[1] holds lists of rooms, and windows (which list, first byte, last byte). The answer is one text for all: the windows
# one after the other, each the same bytes of every room of its list. A script may unpack about 8,000 values at once.
READ = """
local live = KEYS[1] .. ':' .. (redis.call('GET', KEYS[1] .. ':live') or '1')
local lists, windows = unpack(cmsgpack.unpack(ARGV[1]))
local maps = {}
for list, rooms in ipairs(lists) do
    local found = {}
    for first = 1, #rooms, 1000 do
        local keys = {}
        for place = first, math.min(first + 999, #rooms) do keys[#keys + 1] = live .. ':room:' .. rooms[place] end
        for _, map in ipairs(redis.call('MGET', unpack(keys))) do found[#found + 1] = map or '' end
    end
    maps[list] = found
end
local cut = {}
for _, window in ipairs(windows) do
    local width = window[3] - window[2] + 1
    local blank = string.rep('\\0', width)
    for _, map in ipairs(maps[window[1]]) do
        local bytes = string.sub(map, window[2] + 1, window[3] + 1)
        cut[#cut + 1] = #bytes == width and bytes or bytes .. string.sub(blank, #bytes + 1)
    end
end
return {redis.call('GET', live .. ':position') or '0', table.concat(cut)}
"""


class Window(NamedTuple):
    """The bytes `first` to `last` of the bitmaps of some rooms."""

    rooms: tuple[str, ...]
    first: int
    last: int

    @property
    def stride(self) -> int:
        """How many nights of each room this is."""
        return 8 * (self.last - self.first + 1)

    @property
    def first_night(self) -> date:
        """Which night the first bit is."""
        return FIRST_DATE + timedelta(days=8 * self.first)

    def holding(self, bits: int) -> TakenNights:
        """Give the nights with these bits taken."""
        return TakenNights(self.rooms, self.first_night, self.stride, bits)


class Answer(NamedTuple):
    """The nights of each window that was asked for, as of `position` of the ledger."""

    position: int
    nights: Sequence[TakenNights]


@dataclass(frozen=True)
class Free:
    """The nights of the rooms by room type, as of `position` of the ledger."""

    position: int
    nights: Mapping[str, TakenNights]

    def left(self, room_type: str, dates: StayDates) -> int:
        """Count the rooms of a type that one stay could have for all its nights."""
        return self.nights[room_type].left(dates) if room_type in self.nights else 0


class AvailabilityQuery:
    """Free rooms of one property."""

    def __init__(self, property_code: str, model: RedisModel, hotel: HotelQuery, streams: Streams) -> None:
        self._property_code = property_code
        self._model = model
        self._hotel = hotel
        self._streams = streams
        self._script = model.redis.register_script(READ)
        self._joined = Joined(self._read)

    async def free(self, dates: StayDates, room_types: Sequence[str] | None = None) -> Free:
        """Give the nights of all rooms of some types, or of all, for stays within some dates."""
        rooms_of = (await self._hotel.current()).rooms
        types = [kind for kind in room_types or rooms_of if rooms_of.get(kind)]
        found = await self._ask([_around(rooms_of[kind], dates) for kind in types])
        return Free(found.position, dict(zip(types, found.nights, strict=True)))

    async def suggest(self, room_type: str, dates: StayDates, rooms: int) -> tuple[str, ...]:
        """Propose rooms to try first for a hold: nothing when none seems free or nothing can be read.

        A type of ordinary size is looked at as a whole; of a larger one some rooms, begun anywhere, as long as they suffice.
        """
        if not 0 < dates.nights <= LONGEST_STAY_NIGHTS or not MARGIN_NIGHTS < offset(dates.arrival) < FARTHEST_BIT:
            return ()
        every = (await self._hotel.current()).rooms.get(room_type, ())
        if not every:
            return ()
        begin = randrange(len(every))  # noqa: S311 - any room will do
        looked_at = every if len(every) <= ROOMS_LOOKED_AT else (every[begin:] + every[:begin])[:ROOMS_LOOKED_AT]
        best = (await self._nights(looked_at, dates)).best(dates, begin, rooms)
        if len(best) < rooms and looked_at is not every:
            best = (await self._nights(every, dates)).best(dates, begin, rooms)
        return best

    async def _nights(self, rooms: tuple[str, ...], dates: StayDates) -> TakenNights:
        """Give the nights of some rooms, with a margin around the stay."""
        return (await self._ask([_around(rooms, dates, MARGIN_NIGHTS)])).nights[0]

    async def _ask(self, windows: Sequence[Window]) -> Answer:
        try:
            return await self._joined.ask(windows)
        except RedisError as gone:
            logger.warning("availability comes from the ledger, Redis does not answer: %s", type(gone).__name__)
            return await self._from_ledger(windows)

    async def _read(self, asked: Sequence[Sequence[Window]]) -> list[Answer]:
        """Answer several questions of one moment by one call; what more than one asks for is read once."""
        windows = list(dict.fromkeys(window for each in asked for window in each))
        lists = {rooms: number for number, rooms in enumerate(dict.fromkeys(window.rooms for window in windows), 1)}
        plan = msgspec.msgpack.encode((list(lists), [(lists[rooms], first, last) for rooms, first, last in windows]))
        answer = cast("Awaitable[tuple[bytes, bytes]]", self._script(keys=[self._model.root], args=[plan]))
        position, packed = await answer
        nights = dict(zip(windows, _cut(windows, packed), strict=True))
        return [Answer(int(position), [nights[window] for window in each]) for each in asked]

    async def _from_ledger(self, windows: Sequence[Window]) -> Answer:
        place = {
            room_night_stream(self._property_code, room, window.first_night + timedelta(days=night)): (number, at + night)
            for number, window in enumerate(windows)
            for at, room in zip(count(0, window.stride), window.rooms, strict=False)
            for night in range(window.stride)
        }
        position = await self._streams.head()
        taken = [0] * len(windows)
        for recorded in await self._streams.read(place):
            number, at = place[recorded.stream]
            held = recorded.event.topic in {"room-night.hold-requested.v1", "room-night.booking-confirmed.v1"}
            taken[number] = taken[number] | 1 << at if held else taken[number] & ~(1 << at)
        return Answer(position, [window.holding(bits) for window, bits in zip(windows, taken, strict=True)])


def _around(rooms: tuple[str, ...], dates: StayDates, margin: int = 0) -> Window:
    """Give the whole bytes that hold the nights, the date of departure, and a margin on both sides."""
    return Window(rooms, max(0, offset(dates.arrival) - margin) // 8, (offset(dates.departure) + margin) // 8)


def _cut(windows: Iterable[Window], packed: bytes) -> Iterator[TakenNights]:
    """Cut what was read for all windows, one after the other."""
    begin = 0
    for window in windows:
        end = begin + window.stride // 8 * len(window.rooms)
        yield window.holding(bits_of(packed[begin:end]))
        begin = end
