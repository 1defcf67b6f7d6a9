"""Moves of others for stays that must have certain rooms: guests in house who stay on, a promised room, a house made of rooms.

Finding any room of a type is in `rooms_for`, the search in `reshuffle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from aggregates.property import Property
from commands.making_room import free_nights, room_made, suffice
from commands.moving import Move
from ledger.clock import local_date
from ledger.command import Known, Unread
from ledger.stay_dates import StayDates

T = TypeVar("T")
Piece = tuple[str, StayDates]
"""A room and neighbouring nights in it."""
ONE_DAY = timedelta(days=1)


def moves_that_free(
    nights: Iterable[tuple[date, str]], *, hotel: Property, code: str, known: Known, now: datetime,
    ignoring: frozenset[UUID] = frozenset(),
) -> list[Move] | None:  # fmt: skip
    """Find moves of others after which these nights of these rooms are free, None when there is no way.

    Others move to rooms of the same type only. Nights of the stays `ignoring` count as free. Raises Unread, for all types
    at once: a writer reads only so often.
    """
    pieces = list(_pieces(nights))
    kinds = dict.fromkeys(hotel.type_of(room) or "" for room, _ in pieces)

    def freed(kind: str) -> list[Move] | None:
        mine = [piece for piece in pieces if hotel.has_room(piece[0], kind)]
        return _freed(mine, kind, hotel, code, known, now, ignoring) if mine else None

    found = all_read([partial(freed, kind) for kind in kinds])
    if None in found:
        return None
    return [move for moves in found if moves is not None for move in moves]


def all_read(searches: Iterable[Callable[[], T]]) -> list[T]:
    """Give what each search finds. Raises Unread naming what all of them miss."""
    found: list[T] = []
    unread: list[UUID] = []
    for search in searches:
        try:
            found.append(search())
        except Unread as missing:
            unread += missing.streams
    if unread:
        raise Unread(unread)
    return found


def _freed(
    pieces: list[Piece], kind: str, hotel: Property, code: str, known: Known, now: datetime, ignoring: frozenset[UUID]
) -> list[Move] | None:
    wanted = [dates for _, dates in pieces]
    free = free_nights(code, hotel.rooms_of(kind), wanted, known, now, ignoring)
    if not suffice(free, wanted):
        return None
    made = room_made(
        code=code, free=free, wanted=wanted, today=local_date(now, hotel.opened().time_zone), known=known, now=now,
        ignoring=ignoring, only=[[room] for room, _ in pieces],
    )  # fmt: skip
    return made.moves if made else None


def _pieces(nights: Iterable[tuple[date, str]]) -> Iterator[Piece]:
    """Join neighbouring nights, room by room."""
    by_room: dict[str, list[date]] = {}
    for night, room in nights:
        by_room.setdefault(room, []).append(night)
    for room, days in by_room.items():
        days.sort()
        begins = [place for place, day in enumerate(days) if place == 0 or days[place - 1] + ONE_DAY != day]
        for begin, end in zip(begins, [*begins[1:], len(days)], strict=True):
            yield room, StayDates(days[begin], days[end - 1] + ONE_DAY)
