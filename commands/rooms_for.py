"""Which rooms a stay gets: those free for all its nights, and the moves of other stays that make room for it.

Whoever asks writes the moves in the same commit as the stay. What a move may and may not do is told here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from aggregates.property import Property
from commands.free_rooms import free_rooms
from ledger.command import Known
from ledger.stay_dates import StayDates

NIGHTS_BEFORE, NIGHTS_AFTER = 14, 28
"""How many nights around a stay are looked at first for rooms that others could leave."""


class Move(Struct, frozen=True, gc=False):
    """A stay leaves one room for another, from its first night there up to, not including, `last_night_exclusive`."""

    stay_id: UUID
    reservation_id: UUID
    from_room: str
    to_room: str
    first_night: date
    last_night_exclusive: date


class Found(Struct, frozen=True, gc=False):
    """Rooms for a stay, fewer than wanted when there are no more, and the moves that must be written before they are free."""

    rooms: list[str]
    moves: list[Move]


def find_rooms(
    *, hotel: Property, code: str, room_type: str, dates: StayDates, wanted: int, suggested: Sequence[str],
    known: Known, now: datetime, ignoring: frozenset[UUID] = frozenset(), slot: str = "night",
) -> Found:  # fmt: skip
    """Find `wanted` rooms of a type, or as many as there are; nights of the stays `ignoring` count as free. Raises Unread."""
    rooms = free_rooms(
        hotel=hotel, code=code, room_type=room_type, dates=dates, wanted=wanted, suggested=suggested,
        known=known, now=now, ignoring=ignoring, slot=slot,
    )  # fmt: skip
    return Found(rooms, [])
