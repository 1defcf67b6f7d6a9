"""Rooms and nights for the stays of one hold: which room each gets, who moves for it, and the nights that are held.

Stays of one type go together: first each takes what is free, those that want the same at once; when that does not do, a room
is searched for each of them at the same time, moving others. A house made of rooms goes first, it has no choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from aggregates.property import Property
from aggregates.room_night import RoomNight
from commands.foreseen import Foreseen
from commands.free_rooms import nights_of_days
from commands.moving import changes_of, left_by
from commands.rooms_for import Found, find_rooms, find_together
from commands.wishes import rooms_near
from ledger.command import Change, Known, Unread
from ledger.ids import doors_of, stay_streams
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

NOTHING_LEFT: frozenset[UUID] = frozenset()


class NoRoomLeft(Refusal):
    """There are not enough rooms."""

    code = "sold_out"


class Place(Struct, frozen=True, gc=False):
    """A stay that is wanted. Several rooms of one request are the same object several times."""

    room_type: str
    rate_plan: str
    dates: StayDates
    adults: int
    children: int
    wishes: tuple[str, ...]
    slot: str


Alike = tuple[Place, Sequence[int]]
"""What stays want that want the same, and their numbers."""
Placed = tuple[dict[int, str], list[Change]]
"""The room of each stay, by its number, and the changes that give it."""


class Holding(Struct, frozen=True, gc=False):
    """For whom nights are held: the reservation, its stays in order, and until when."""

    reservation_id: UUID
    stay_ids: Sequence[UUID]
    held_until: datetime


def placed(
    places: Sequence[Place],
    holding: Holding,
    *,
    hotel: Property,
    code: str,
    suggested: Sequence[str],
    known: Known,
    now: datetime,
) -> tuple[list[str], list[Change]]:
    """Give a room for each place, in order, and the changes that take it. Raises NoRoomLeft, Unread."""
    asking = _Asking(holding, hotel, code, suggested, now)
    alike = list(_alike(places))
    if len(alike) == 1:
        rooms, changes = _those_alike(asking, *alike[0], known, may_move=True)
    else:
        rooms, changes = _all_kinds(asking, alike, known)
    return [rooms[number] for number in range(len(places))], changes


def nights_relied_on(places: Iterable[Place], rooms: Iterable[str], code: str) -> list[UUID]:
    """Name the nights to guard: those that day use was decided on and does not take, of the room of each place."""
    return [
        night
        for place, room in zip(places, rooms, strict=True)
        for night in nights_of_days(code, room, place.dates, place.slot)
    ]


class _Asking(Struct, frozen=True, gc=False):
    """For whom rooms are asked for, in which hotel, which of them may be tried first, and when."""

    holding: Holding
    hotel: Property
    code: str
    suggested: Sequence[str]
    now: datetime


def _all_kinds(asking: _Asking, alike: Iterable[Alike], known: Known) -> Placed:
    """Place kind after kind, each sees what the others got. Raises Unread with what any of them needs, NoRoomLeft."""
    kinds: dict[tuple[bool, str, str], list[Alike]] = {}
    for place, numbers in alike:
        is_house = asking.hotel.is_made_of_rooms(place.room_type)
        kinds.setdefault((not is_house, place.room_type, place.slot), []).append((place, numbers))
    then = Foreseen(known)
    rooms: dict[int, str] = {}
    unread: list[UUID] = []
    for _, groups in sorted(kinds.items(), key=lambda kind: kind[0][0]):
        try:
            more, changes = _one_kind(asking, groups, then)
        except Unread as missing:
            unread += missing.streams
        except NoRoomLeft:
            if not unread:
                raise
        else:
            then.happen(changes)
            rooms |= more
    if unread:
        raise Unread(unread)
    return rooms, then.changes


def _one_kind(asking: _Asking, groups: Sequence[Alike], known: Known) -> Placed:
    """Place stays of one type: with what is free, else all at once. Raises Unread, NoRoomLeft."""
    then = Foreseen(known)
    rooms: dict[int, str] = {}
    try:
        for place, numbers in groups:
            more, changes = _those_alike(asking, place, numbers, then, may_move=len(groups) == 1)
            then.happen(changes)
            rooms |= more
    except NoRoomLeft as sold_out:
        if len(groups) == 1 or not _go_together(asking, groups):
            raise
        return _at_once(asking, groups, known, sold_out)
    return rooms, then.changes


def _go_together(asking: _Asking, groups: Sequence[Alike]) -> bool:
    """Tell whether stays can be searched for at the same time: not for day use, a house, or rooms that must be joined."""
    place, _ = groups[0]
    joined = any("connecting!" in each.wishes for each, _ in groups)
    return place.slot == "night" and not joined and not asking.hotel.is_made_of_rooms(place.room_type)


def _at_once(asking: _Asking, groups: Sequence[Alike], known: Known, sold_out: NoRoomLeft) -> Placed:
    """Search a room for each stay of one type at the same time. Raises Unread, NoRoomLeft."""
    places = {number: place for place, numbers in groups for number in numbers}
    found = find_together(
        hotel=asking.hotel, code=asking.code, room_type=groups[0][0].room_type,
        stays=[place.dates for place in places.values()], wishes=[place.wishes for place in places.values()],
        near=[rooms_near(place.wishes, place.dates.arrival, known) for place in places.values()], known=known, now=asking.now,
    )  # fmt: skip
    if found.nights_free:
        raise NoRoomLeft(
            f"Every night has free rooms, but no way was found to give each of the {len(places)} stays one: promised rooms"
            " stand in the way; try other dates, fewer nights or another room type.",
            promised_rooms_in_the_way=True,
            **sold_out.details,
        )
    if not found.rooms:
        raise sold_out
    rooms = dict(zip(places, found.rooms, strict=True))
    then = Foreseen(known)
    then.happen(changes_of(found.moves, then, asking.code))
    for number, place in places.items():
        then.happen(_held(asking, place, rooms[number], number, NOTHING_LEFT, then))
    return rooms, then.changes


def _those_alike(asking: _Asking, place: Place, numbers: Sequence[int], known: Known, *, may_move: bool) -> Placed:
    """Place stays that want the same. Raises Unread, NoRoomLeft."""
    found = find_rooms(
        hotel=asking.hotel, code=asking.code, room_type=place.room_type, dates=place.dates, wanted=len(numbers),
        suggested=asking.suggested if place.slot == "night" else (), known=known, now=asking.now, slot=place.slot,
        may_move=may_move, wishes=place.wishes, near=rooms_near(place.wishes, place.dates.arrival, known),
    )  # fmt: skip
    if len(found.rooms) < len(numbers):
        raise _sold_out(place, len(numbers), found)
    changes = changes_of(found.moves, known, asking.code) if found.moves else []
    left = left_by(found.moves, asking.code) if found.moves else NOTHING_LEFT
    rooms = dict(zip(numbers, found.rooms, strict=True))
    for number, room in rooms.items():
        changes += _held(asking, place, room, number, left, known)
    return rooms, changes


def _held(asking: _Asking, place: Place, room: str, number: int, left: frozenset[UUID], known: Known) -> Iterator[Change]:
    """Hold every night of a stay behind every door; those that others have `left` in the same decision are free."""
    for door in doors_of(room):
        streams = stay_streams(asking.code, door, place.dates.arrival, place.dates.departure, place.slot)
        for night, stream in zip(place.dates, streams, strict=True):
            room_night = RoomNight() if stream in left else known.get(RoomNight, stream)
            for event in room_night.hold(
                room=door, stay_date=night, stay_id=asking.holding.stay_ids[number],
                reservation_id=asking.holding.reservation_id, held_until=asking.holding.held_until, now=asking.now,
                slot=place.slot,
            ):  # fmt: skip
                yield Change(stream, event)


def _alike(places: Sequence[Place]) -> Iterable[Alike]:
    """Group the stays that want the same room for the same nights, with their numbers."""
    if all(place is places[0] for place in places):
        return [(places[0], range(len(places)))]
    found: dict[tuple[object, ...], list[int]] = {}
    for number, place in enumerate(places):
        found.setdefault((place.room_type, place.dates, place.wishes, place.slot), []).append(number)
    return [(places[numbers[0]], numbers) for numbers in found.values()]


def _sold_out(place: Place, wanted: int, found: Found) -> NoRoomLeft:
    left, dates = len(found.rooms), place.dates
    are_free = f"{left} of {wanted} rooms asked for are free from {dates.arrival} to {dates.departure}"
    if found.nights_free:
        return NoRoomLeft(
            f"{are_free}; every night has a free room but promised rooms stand in the way: try other dates, fewer nights"
            " or another room type.",
            rooms_left=left,
            promised_rooms_in_the_way=True,
        )
    if any(wish.endswith("!") for wish in place.wishes):
        return NoRoomLeft(
            f"{are_free} that keep every promise ({', '.join(place.wishes)}): wish without the exclamation mark, or try other"
            " dates.",
            rooms_left=left,
            wishes=list(place.wishes),
        )
    return NoRoomLeft(f"{are_free}: try other dates or another room type.", rooms_left=left)
