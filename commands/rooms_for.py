"""Which rooms a stay gets: those free for all its nights, and the moves of other stays that make room for it.

Whoever asks writes the moves (`moving.changes_of`) in the same commit as the stay, before its own nights.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from aggregates.property import Property
from commands.free_rooms import free_rooms
from commands.making_room import free_nights, room_made, suffice
from commands.moving import Move
from ledger.clock import local_date
from ledger.command import Known
from ledger.stay_dates import StayDates


class Found(Struct, frozen=True, gc=False):
    """Rooms for a stay, fewer than wanted when there are no more, and the moves that must be written before they are free.

    `nights_free` says of too few rooms that every night has enough free ones, only promised rooms stand in the way.
    """

    rooms: list[str]
    moves: list[Move]
    nights_free: bool = False


def find_rooms(
    *, hotel: Property, code: str, room_type: str, dates: StayDates, wanted: int, suggested: Sequence[str],
    known: Known, now: datetime, ignoring: frozenset[UUID] = frozenset(), slot: str = "night", may_move: bool = False,
) -> Found:  # fmt: skip
    """Find `wanted` rooms of a type, or as many as there are; nights of the stays `ignoring` count as free. Raises Unread.

    With `may_move` others are moved when only that makes room: then the moves must be written, too.
    """
    rooms = free_rooms(
        hotel=hotel, code=code, room_type=room_type, dates=dates, wanted=wanted, suggested=suggested,
        known=known, now=now, ignoring=ignoring, slot=slot,
    )  # fmt: skip
    if len(rooms) == wanted or slot != "night" or not may_move:
        return Found(rooms, [])
    stays = [dates] * wanted
    free = free_nights(code, hotel.rooms_of(room_type), stays, known, now, ignoring)
    if not suffice(free, stays):
        return Found(rooms, [])
    today = local_date(now, hotel.opened().time_zone)
    made = room_made(code=code, free=free, wanted=stays, today=today, known=known, now=now, ignoring=ignoring)
    return Found(made.rooms, made.moves) if made else Found(rooms, [], nights_free=True)
