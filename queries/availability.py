"""Tells what is left, with one look at a few numbers a room type, and proposes rooms to try first, from bitmaps.

All who ask at once are answered together. With Redis gone the same is read from the ledger, slower. Nothing is decided
here: only room-nights read in the deciding batch accept or refuse.
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

from ledger.ids import doors_of, room_night_stream
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates
from projections.availability import FIRST_DATE, nights_told, offset
from projections.from_date import PACKING, FromDate, unpacked
from projections.house_nights import bits_of
from projections.redis_model import RedisModel
from projections.room_runs import RoomRuns, Span
from queries.hotel import HotelQuery
from queries.joined import Joined
from queries.streams import Streams
from queries.taken_nights import MARGIN_NIGHTS, TakenNights

logger = logging.getLogger(__name__)

ONE_DAY = timedelta(days=1)
FARTHEST_BIT = 36_500
"""A hundred years of nights: whoever asks for more is refused by the decision anyway."""
ROOMS_LOOKED_AT = 128
"""Of a larger type so many rooms are looked at for one suggestion, unless too few of them are free."""

# ARGV[1] holds looks: a room type, first and last byte. The answer is the position, and the bytes of each look.
LOOK = """
local live = KEYS[1] .. ':' .. (redis.call('GET', KEYS[1] .. ':live') or '1')
local found = {redis.call('GET', live .. ':position') or '0'}
for _, look in ipairs(cmsgpack.unpack(ARGV[1])) do
    found[#found + 1] = redis.call('GETRANGE', live .. ':from:' .. look[1], look[2], look[3])
end
return found
"""

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


class Look(NamedTuple):
    """The dates from `first` to `last`, both included, of a type. `until`: no stay asked for has nights from there on."""

    room_type: str
    rooms: tuple[str, ...]
    first: date
    last: date
    until: date

    @property
    def place(self) -> tuple[str, date, date]:
        """What is read, without what is known about it: the rooms of a large type take long to compare."""
        return self.room_type, self.first, self.last


class Days(NamedTuple):
    """What each look found, date by date, as of `position` of the ledger."""

    position: int
    looks: Sequence[Sequence[FromDate]]


@dataclass(frozen=True)
class DaysByType:
    """What each room type has to give from each date on, in order, as of `position` of the ledger."""

    position: int
    by_type: Mapping[str, Sequence[FromDate]]


@dataclass(frozen=True)
class Free:
    """What is left of each room type for one stay, as of `position` of the ledger."""

    position: int
    nights: int
    by_type: Mapping[str, FromDate]

    def sure(self, room_type: str) -> int:
        """Count the rooms of a type, up to nine, that are free for all the nights."""
        return self.by_type[room_type].sure(self.nights) if room_type in self.by_type else 0

    def at_most(self, room_type: str) -> int:
        """Count the rooms of a type, up to nine, that are free or can perhaps be freed by moving other stays."""
        return self.by_type[room_type].at_most(self.nights) if room_type in self.by_type else 0


class AvailabilityQuery:
    """Free rooms of one property."""

    def __init__(self, property_code: str, model: RedisModel, hotel: HotelQuery, streams: Streams) -> None:
        self._property_code = property_code
        self._model = model
        self._hotel = hotel
        self._streams = streams
        self._bitmaps, self._numbers = model.redis.register_script(READ), model.redis.register_script(LOOK)
        self._joined, self._looks = Joined(self._read), Joined(self._look)

    async def free(self, dates: StayDates, room_types: Sequence[str] | None = None) -> Free:
        """Tell what is left of some types, or of all, for a stay: one look a type, however long the stay is."""
        found = await self.days(dates.arrival, dates.arrival, dates.departure, room_types)
        return Free(found.position, dates.nights, {kind: days[0] for kind, days in found.by_type.items()})

    async def days(self, first: date, last: date, until: date, room_types: Sequence[str] | None = None) -> DaysByType:
        """Give the numbers of some types, or of all, on each date from `first` to `last`, for stays that end by `until`."""
        rooms_of = (await self._hotel.current()).rooms
        types = [kind for kind in room_types or rooms_of if rooms_of.get(kind)]
        found = await self._look_at([Look(kind, rooms_of[kind], first, last, until) for kind in types])
        return DaysByType(found.position, dict(zip(types, found.looks, strict=True)))

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
        return (await self._ask([_around(rooms, dates)])).nights[0]

    async def _ask(self, windows: Sequence[Window]) -> Answer:
        try:
            return await self._joined.ask(windows)
        except RedisError as gone:
            _warn(gone)
            return await self._from_ledger(windows)

    async def _look_at(self, looks: Sequence[Look]) -> Days:
        try:
            return await self._looks.ask(looks)
        except RedisError as gone:
            _warn(gone)
        found = await self._from_ledger([_between(look.rooms, look.first, look.until) for look in looks])
        return Days(found.position, [_counted(look, nights) for look, nights in zip(looks, found.nights, strict=True)])

    async def _look(self, asked: Sequence[Sequence[Look]]) -> list[Days]:
        """Answer several questions of one moment by one call; what more than one asks for is read once."""
        distinct = {look.place: look for each in asked for look in each}
        plan = [(kind, _byte(first), _byte(last + ONE_DAY) - 1) for kind, first, last in distinct]
        answer = cast("Awaitable[list[bytes]]", self._numbers(keys=[self._model.root], args=[msgspec.msgpack.encode(plan)]))
        position, *raw = await answer
        found = {
            place: unpacked(len(look.rooms), each.ljust(end + 1 - begin, b"\0"))
            for (place, look), each, (_, begin, end) in zip(distinct.items(), raw, plan, strict=True)
        }
        return [Days(int(position), [found[look.place] for look in each]) for each in asked]

    async def _read(self, asked: Sequence[Sequence[Window]]) -> list[Answer]:
        """Answer several questions of one moment by one call; what more than one asks for is read once."""
        windows = list(dict.fromkeys(window for each in asked for window in each))
        lists = {rooms: number for number, rooms in enumerate(dict.fromkeys(window.rooms for window in windows), 1)}
        plan = msgspec.msgpack.encode((list(lists), [(lists[rooms], first, last) for rooms, first, last in windows]))
        answer = cast("Awaitable[tuple[bytes, bytes]]", self._bitmaps(keys=[self._model.root], args=[plan]))
        position, packed = await answer
        nights = dict(zip(windows, _cut(windows, packed), strict=True))
        return [Answer(int(position), [nights[window] for window in each]) for each in asked]

    async def _from_ledger(self, windows: Sequence[Window]) -> Answer:
        doors = {door for window in windows for room in window.rooms for door in doors_of(room)}
        nights = {window.first_night + night * ONE_DAY for window in windows for night in range(window.stride)}
        position = await self._streams.head()
        taken: set[tuple[str, date]] = set()
        streams = [room_night_stream(self._property_code, door, night) for door in doors for night in nights]
        for recorded in await self._streams.read(streams):
            for door, night, is_taken in nights_told(recorded.event):
                (taken.add if is_taken else taken.discard)((door, night))
        return Answer(position, [window.holding(_bits(window, taken)) for window in windows])


def _bits(window: Window, taken: set[tuple[str, date]]) -> int:
    """Write the nights of a window as one number; a room that is several rooms is taken when one of its doors is."""
    return sum(
        1 << at + night
        for at, room in zip(count(0, window.stride), window.rooms, strict=False)
        for night in range(window.stride)
        if any((door, window.first_night + night * ONE_DAY) in taken for door in doors_of(room))
    )


def _warn(gone: RedisError) -> None:
    logger.warning("availability comes from the ledger, Redis does not answer: %s", type(gone).__name__)


def _around(rooms: tuple[str, ...], dates: StayDates) -> Window:
    """Give the whole bytes that hold the nights, the date of departure, and a margin on both sides."""
    first = max(0, offset(dates.arrival) - MARGIN_NIGHTS)
    return Window(rooms, first // 8, (offset(dates.departure) + MARGIN_NIGHTS) // 8)


def _between(rooms: tuple[str, ...], first: date, until: date) -> Window:
    """Give the whole bytes that hold the nights from `first` up to, not including, `until`."""
    return Window(rooms, offset(first) // 8, offset(until) // 8)


def _byte(day: date) -> int:
    """Say where the numbers of a date begin."""
    return offset(day) * PACKING.size


def _counted(look: Look, nights: TakenNights) -> list[FromDate]:
    """Count, from single nights, what the read model keeps: nothing is known of nights from `look.until` on, nor asked."""
    begin = (look.first - nights.first).days
    runs = RoomRuns(look.rooms, dict(nights.by_room()))
    return unpacked(len(look.rooms), runs.packed(Span(begin, begin + (look.last - look.first).days)))


def _cut(windows: Iterable[Window], packed: bytes) -> Iterator[TakenNights]:
    """Cut what was read for all windows, one after the other."""
    begin = 0
    for window in windows:
        end = begin + window.stride // 8 * len(window.rooms)
        yield window.holding(bits_of(packed[begin:end]))
        begin = end
