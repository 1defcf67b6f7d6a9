"""Making room for stays by moving others of the same room type: what is read for it, who may be moved, and how far we look.

Begins only when no single room is free for all nights, so an ordinary hold reads nothing of this. The search itself is in
`reshuffle`; what a move writes is in `moving`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from msgspec import Struct

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.assignment import Lodged, Wanted
from commands.free_rooms import are_free
from commands.moving import Move
from commands.reshuffle import make_room
from ledger.command import Known
from ledger.ids import stay_streams
from ledger.stay import BEFORE_ARRIVAL
from ledger.stay_dates import LONGEST_LEAD_DAYS, LONGEST_STAY_NIGHTS, StayDates

NIGHTS_BEFORE, NIGHTS_AFTER = 14, 28
"""How many nights around the stays are looked at first; who reaches to the edge of them counts as fixed."""
FARTHEST_NIGHTS = LONGEST_LEAD_DAYS + LONGEST_STAY_NIGHTS
"""How many nights from today on can be booked at all: with all of them in view nobody reaches beyond."""
MOST_ROOM_NIGHTS = 40_000
"""What is read at most: of a type of more than 27 rooms, not all nights that can be booked."""
MOST_ROOMS = 40
"""Of a larger type so many rooms are looked at, those with most free nights."""


class Made(Struct, frozen=True, gc=False):
    """Rooms for the stays, in their order, once the moves are written."""

    rooms: list[str]
    moves: list[Move]


class Sight(Struct, frozen=True, gc=False):
    """Rooms and nights from `first` up to, not including, `end`, as they are looked at for the stays that are `wanted`.

    `only` names the rooms that each of those may have, when not any will do.
    """

    code: str
    rooms: Sequence[str]
    first: date
    end: date
    wanted: Sequence[StayDates]
    only: Sequence[Collection[str]]

    def day(self, night: date) -> int:
        """Number a night, from 0."""
        return (night - self.first).days

    def streams(self, room: str) -> tuple[UUID, ...]:
        """Name the nights of a room, in order."""
        return stay_streams(self.code, room, self.first, self.end)

    @property
    def stays(self) -> list[Wanted]:
        """What is wanted, with nights as numbers."""
        only: Sequence[frozenset[int] | None] = [
            frozenset(place for place, room in enumerate(self.rooms) if room in rooms) for rooms in self.only
        ]
        return [
            Wanted(self.day(dates.arrival), self.day(dates.departure), rooms)
            for dates, rooms in zip(self.wanted, only or [None] * len(self.wanted), strict=True)
        ]


class Lodger(Struct, frozen=True, gc=False):
    """Who has a room on neighbouring nights, from number `first` to `end`."""

    holder: UUID
    reservation_id: UUID | None
    room: int
    first: int
    end: int


def free_nights(
    code: str, rooms: Sequence[str], wanted: Sequence[StayDates], known: Known, now: datetime, ignoring: frozenset[UUID]
) -> dict[str, set[date]]:
    """Tell for each room on which of the wanted nights it is free. Raises Unread."""
    known.require(
        [stream for room in rooms for dates in wanted for stream in stay_streams(code, room, dates.arrival, dates.departure)]
    )
    return {
        room: {
            night
            for dates in wanted
            for night, stream in zip(dates, stay_streams(code, room, dates.arrival, dates.departure), strict=True)
            if are_free([stream], known, now, ignoring)
        }
        for room in rooms
    }


def suffice(free: Mapping[str, Collection[date]], wanted: Sequence[StayDates]) -> bool:
    """Tell whether every night has as many free rooms as stays want one."""
    return all(
        sum(night in nights for nights in free.values()) >= sum(dates.arrival <= night < dates.departure for dates in wanted)
        for night in {night for dates in wanted for night in dates}
    )


def room_made(
    *, code: str, free: Mapping[str, Collection[date]], wanted: Sequence[StayDates], today: date, known: Known, now: datetime,
    ignoring: frozenset[UUID] = frozenset(), only: Sequence[Collection[str]] = (),
) -> Made | None:  # fmt: skip
    """Find rooms for stays by moving others, None when there is no way; nights of `ignoring` count as free. Raises Unread.

    `free` are the type's rooms with their free nights among those wanted; `only` the rooms that each stay may have.
    """
    must_have = [room for rooms in only if len(rooms) == 1 for room in rooms]
    looked_at = list(dict.fromkeys([*must_have, *_emptiest(free, wanted)]))
    for first, end in _views(today, len(looked_at), wanted):
        sight = Sight(code, looked_at, first, end, wanted, only)
        lodgers = _lodgers(sight, known, now, ignoring)
        known.require({lodger.reservation_id for lodger in lodgers.values() if lodger.reservation_id is not None})
        lodged = [_lodged(place, lodger, sight, today, known) for place, lodger in lodgers.items()]
        plan = make_room(len(looked_at), lodged, sight.stays)
        if plan is not None:
            moves = [_move(lodgers[place], looked_at[room], sight) for place, room in plan.moves.items()]
            return Made([looked_at[room] for room in plan.rooms], moves)
    return None


def _emptiest(free: Mapping[str, Collection[date]], wanted: Sequence[StayDates]) -> list[str]:
    """Choose the rooms to look at: all of a small type; else some for each night, then those with most free nights."""
    if len(free) <= MOST_ROOMS:
        return list(free)
    emptiest = sorted(free, key=lambda room: -len(free[room]))
    nights = dict.fromkeys(night for dates in wanted for night in dates)
    chosen = [room for night in nights for room in [each for each in emptiest if night in free[each]][: len(wanted)]]
    return list(dict.fromkeys([*chosen, *emptiest]))[:MOST_ROOMS]


def _views(today: date, rooms: int, wanted: Sequence[StayDates]) -> Iterator[tuple[date, date]]:
    """Give the nights to look at: near the stays, then all that can be booked, as far as that may be read.

    Nights of the stays themselves are in view also when they are over: who comes late, or stayed on, wants those, too.
    """
    first = min(dates.arrival for dates in wanted)
    near = min(first, max(today, first - timedelta(days=NIGHTS_BEFORE)))
    near_end = max(dates.departure for dates in wanted) + timedelta(days=NIGHTS_AFTER)
    yield near, near_end
    far_end = today + timedelta(days=min(FARTHEST_NIGHTS, MOST_ROOM_NIGHTS // rooms))
    if far_end > near_end:
        yield min(first, today), far_end


def _lodgers(sight: Sight, known: Known, now: datetime, ignoring: frozenset[UUID]) -> dict[Hashable, Lodger]:
    """Tell who has the rooms in sight, each on neighbouring nights, under numbers from 0. Raises Unread."""
    known.require([stream for room in sight.rooms for stream in sight.streams(room)])
    found: list[Lodger] = []
    for place, room in enumerate(sight.rooms):
        nights = [known.get(RoomNight, stream) for stream in sight.streams(room)]
        holders = [None if night.is_free(now) or night.stay_id in ignoring else night.stay_id for night in nights]
        number = 0
        for holder, group in groupby(holders):
            end = number + len(list(group))
            if holder is not None:
                found.append(Lodger(holder, nights[number].reservation_id, place, number, end))
            number = end
    return dict(enumerate(found))


def _lodged(place: Hashable, lodger: Lodger, sight: Sight, today: date, known: Known) -> Lodged:
    """Tell whether somebody may be moved: a whole stay in sight, in one room that is not promised, not come or coming today."""
    stay = None
    if lodger.reservation_id is not None:
        stay = known.get(Reservation, lodger.reservation_id).live.get(lodger.holder)
    may_move = (
        stay is not None
        and stay.state in BEFORE_ARRIVAL
        and not stay.pin
        and stay.booked.dates.arrival > today
        and [room for _, room in stay.segments] == [sight.rooms[lodger.room]]
        and (sight.day(stay.booked.dates.arrival), sight.day(stay.booked.dates.departure)) == (lodger.first, lodger.end)
    )
    return Lodged(place, lodger.room, lodger.first, lodger.end, fixed=not may_move)


def _move(lodger: Lodger, to_room: str, sight: Sight) -> Move:
    return Move(
        stay_id=lodger.holder, reservation_id=lodger.reservation_id or lodger.holder,
        from_room=sight.rooms[lodger.room], to_room=to_room,
        first_night=sight.first + timedelta(days=lodger.first),
        last_night_exclusive=sight.first + timedelta(days=lodger.end),
    )  # fmt: skip
