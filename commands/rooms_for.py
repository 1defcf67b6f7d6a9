"""Which rooms a stay gets: those free for all its nights, and the moves of other stays that make room for it.

Whoever asks with `may_move` writes the moves (`moving.changes_of`) in the same commit as the stay, before its own nights.
What must have certain rooms, or goes together, is in `certain_rooms`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from aggregates.property import Property
from commands.certain_rooms import moves_that_free
from commands.free_rooms import free_rooms, those_free
from commands.making_room import free_nights, room_made, suffice
from commands.moving import Move
from commands.wishes import PROMISED, fitting, together
from ledger.clock import local_date
from ledger.command import Known
from ledger.stay import doors_by_night
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
    wishes: Sequence[str] = (), near: Collection[str] = (),
) -> Found:  # fmt: skip
    """Find `wanted` rooms of a type, or as many as there are; nights of the stays `ignoring` count as free. Raises Unread.

    With `may_move` others are moved when only that makes room for nights: then the moves must be written, too. With `wishes`
    the rooms that fulfil most come first, and only those that keep every promise; `near` are the rooms that some want to be
    near to.
    """
    only: list[str] = []
    if wishes:
        in_turn = [*(room for room in suggested if hotel.has_room(room, room_type)), *hotel.rooms_of(room_type)]
        only = fitting(hotel, list(dict.fromkeys(in_turn)), wishes, near)
        free = those_free(only, code=code, dates=dates, known=known, now=now, ignoring=ignoring, slot=slot)
        rooms = _chosen(hotel, free, wanted, wishes)
    else:
        rooms = free_rooms(
            hotel=hotel, code=code, room_type=room_type, dates=dates, wanted=wanted, suggested=suggested,
            known=known, now=now, ignoring=ignoring, slot=slot,
        )  # fmt: skip
    none_would_do = bool(wishes) and len(only) < wanted
    if len(rooms) == wanted or not may_move or slot != "night" or none_would_do:
        return Found(rooms, [])
    if hotel.is_made_of_rooms(room_type):
        houses = only if wishes else hotel.rooms_of(room_type)
        return _house(hotel, code, houses, dates, known, now, ignoring) if wanted == 1 else Found(rooms, [])
    stays = [dates] * wanted
    nights = free_nights(code, hotel.rooms_of(room_type), stays, known, now, ignoring)
    if not suffice(nights, stays):
        return Found(rooms, [])
    today = local_date(now, hotel.opened().time_zone)
    made = room_made(
        code=code, free=nights, wanted=stays, today=today, known=known, now=now, ignoring=ignoring,
        only=[only] * wanted if wishes else (),
    )  # fmt: skip
    if made is None or ("connecting!" in wishes and wanted > 1 and not together(hotel, made.rooms, wanted)):
        return Found(rooms, [], nights_free=True)
    return Found(made.rooms, made.moves)


def find_together(
    *, hotel: Property, code: str, room_type: str, stays: Sequence[StayDates], wishes: Sequence[Sequence[str]],
    near: Sequence[Collection[str]], known: Known, now: datetime,
) -> Found:  # fmt: skip
    """Find a room of a type for each of several stays that want different things, moving others when only that helps.

    None at all, when there is not one for each. Promises among the `wishes` are kept (but that rooms are joined), what is only
    a preference does not count; `wishes` and `near` are each stay's. Raises Unread.
    """
    rooms = hotel.rooms_of(room_type)
    free = free_nights(code, rooms, stays, known, now, frozenset())
    if not suffice(free, stays):
        return Found([], [])
    promised = [[wish for wish in each if wish.endswith(PROMISED)] for each in wishes]
    only = [fitting(hotel, rooms, each, others) for each, others in zip(promised, near, strict=True)]
    if not all(only):
        return Found([], [])
    made = room_made(
        code=code, free=free, wanted=stays, today=local_date(now, hotel.opened().time_zone), known=known, now=now,
        only=only if any(promised) else (),
    )  # fmt: skip
    return Found(made.rooms, made.moves) if made else Found([], [], nights_free=True)


def _house(
    hotel: Property, code: str, houses: Sequence[str], dates: StayDates, known: Known, now: datetime,
    ignoring: frozenset[UUID],
) -> Found:  # fmt: skip
    """Find a house made of rooms that whoever has one of its rooms can make way for."""
    for house in houses:
        nights = doors_by_night((night, house) for night in dates)
        moves = moves_that_free(nights, hotel=hotel, code=code, known=known, now=now, ignoring=ignoring)
        if moves is not None:
            return Found([house], moves)
    return Found([], [])


def _chosen(hotel: Property, free: Sequence[str], wanted: int, wishes: Sequence[str]) -> list[str]:
    """Choose among the free rooms, best first: joined ones when that is wished for, none when only those were promised."""
    if wanted > 1 and any(wish.startswith("connecting") for wish in wishes):
        return together(hotel, free, wanted) or ([] if "connecting!" in wishes else list(free[:wanted]))
    return list(free[:wanted])
