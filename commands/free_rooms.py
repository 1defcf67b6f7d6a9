"""Which rooms of a type a stay can have: those that a read model suggested first, then the others, as room-nights say.

Day use takes a room-night of its own and asks the night of the same date, too: a room that is off the market by night is so by
day. Whoever decides on it guards that night.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from aggregates.property import Property
from aggregates.room_night import RoomNight
from ledger.command import Known
from ledger.ids import stay_streams
from ledger.stay_dates import StayDates

PORTIONS = (16, 256)
"""Up to which of a type's rooms to look, the first and the second time, when those suggested do not suffice; then at all."""


def free_rooms(
    *, hotel: Property, code: str, room_type: str, dates: StayDates, wanted: int, suggested: Sequence[str],
    known: Known, now: datetime, ignoring: frozenset[UUID] = frozenset(), slot: str = "night",
) -> list[str]:  # fmt: skip
    """Give `wanted` rooms that are free for all nights, or as many as there are. Raises Unread.

    Nights of the stays `ignoring` count as free.
    """
    chosen: list[str] = []
    for rooms in _in_portions(hotel, room_type, suggested):
        chosen += those_free(rooms, code=code, dates=dates, known=known, now=now, ignoring=ignoring, slot=slot)
        if len(chosen) >= wanted:
            break
    return chosen[:wanted]


def those_free(
    rooms: Sequence[str], *, code: str, dates: StayDates, known: Known, now: datetime,
    ignoring: frozenset[UUID] = frozenset(), slot: str = "night",
) -> list[str]:  # fmt: skip
    """Give those of `rooms` that are free for all nights, in the same order. Raises Unread, for all of them at once."""
    taken = {room: stay_streams(code, room, dates.arrival, dates.departure, slot) for room in rooms}
    asked = {room: nights_of_days(code, room, dates, slot) for room in rooms}
    known.require([night for nights in (taken, asked) for streams in nights.values() for night in streams])
    return [
        room for room in rooms if are_free(taken[room], known, now, ignoring) and are_on_the_market(asked[room], known)
    ]  # fmt: skip


def nights_of_days(code: str, room: str, dates: StayDates, slot: str) -> tuple[UUID, ...]:
    """Name the nights that day use of a room asks without taking them; none for a stay by night."""
    return stay_streams(code, room, dates.arrival, dates.departure) if slot == "day" else ()


def are_on_the_market(nights: Iterable[UUID], known: Known) -> bool:
    """Tell whether no block keeps everybody out of a room on these nights. Raises Unread."""
    return not any(known.get(RoomNight, night).is_off_the_market for night in nights)


def are_free(nights: Iterable[UUID], known: Known, now: datetime, ignoring: frozenset[UUID] = frozenset()) -> bool:
    """Tell whether all these room-nights can be taken; those of the stays `ignoring` can. Raises Unread."""
    for night in nights:
        room_night = known.get(RoomNight, night)
        if not (room_night.is_free(now) or room_night.stay_id in ignoring):
            return False
    return True


def _in_portions(hotel: Property, room_type: str, suggested: Sequence[str]) -> Iterator[list[str]]:
    """Give the suggested rooms, then the others in growing portions: most often one of the first few is free."""
    first_tried = [room for room in dict.fromkeys(suggested) if hotel.has_room(room, room_type)]
    yield first_tried
    tried = set(first_tried)
    others = [room for room in hotel.rooms_of(room_type) if room not in tried]
    done = 0
    for end in (*PORTIONS, len(others)):
        yield others[done:end]
        done = end
