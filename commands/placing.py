"""Rooms and nights for the stays of one hold: which room each gets, who moves for it, and the nights that are held.

Stays that want the same are placed together; each sees what those before it got. Others are moved only for a hold of which
all stays want the same, so that a writer never has to read more often than it may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.foreseen import Foreseen
from commands.moving import changes_of, left_by
from commands.rooms_for import Found, find_rooms
from commands.wishes import neighbours
from ledger.command import Change, Known
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
) -> tuple[list[str], list[Change]]:  # fmt: skip
    """Give a room for each place, in order, and the changes that take it. Raises NoRoomLeft, Unread."""
    alike = list(_alike(places))
    seen = known if len(alike) == 1 else Foreseen(known)
    rooms = [""] * len(places)
    changes: list[Change] = []
    for place, numbers in alike:
        found = find_rooms(
            hotel=hotel, code=code, room_type=place.room_type, dates=place.dates, wanted=len(numbers),
            suggested=suggested if place.slot == "night" else (), known=seen, now=now, slot=place.slot,
            may_move=len(alike) == 1, wishes=place.wishes, near=_near(place, seen),
        )  # fmt: skip
        if len(found.rooms) < len(numbers):
            raise _sold_out(place, len(numbers), found)
        taken = changes_of(found.moves, seen, code) if found.moves else []
        left = left_by(found.moves, code) if found.moves else NOTHING_LEFT
        for number, room in zip(numbers, found.rooms, strict=True):
            rooms[number] = room
            taken += _held(place, room, holding.stay_ids[number], holding, code, left, seen, now)
        if isinstance(seen, Foreseen):
            seen.happen(taken)
        changes += taken
    return rooms, changes


def _alike(places: Sequence[Place]) -> Iterable[tuple[Place, Sequence[int]]]:
    """Group the stays that want the same room for the same nights, with their numbers."""
    if all(place is places[0] for place in places):
        return [(places[0], range(len(places)))]
    found: dict[tuple[object, ...], list[int]] = {}
    for number, place in enumerate(places):
        found.setdefault((place.room_type, place.dates, place.wishes, place.slot), []).append(number)
    return [(places[numbers[0]], numbers) for numbers in found.values()]


def _near(place: Place, known: Known) -> list[str]:
    """Name the rooms of the reservations near which the guests want to be. Raises Unread."""
    others = neighbours(place.wishes)
    known.require(others)
    return [stay.room_on(place.dates.arrival) for other in others for stay in known.get(Reservation, other).live.values()]


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


def _held(
    place: Place, room: str, stay_id: UUID, holding: Holding, code: str, left: frozenset[UUID], known: Known, now: datetime
) -> Iterator[Change]:
    """Hold every night of a stay behind every door; those that others have `left` in the same decision are free."""
    for door in doors_of(room):
        streams = stay_streams(code, door, place.dates.arrival, place.dates.departure, place.slot)
        for night, stream in zip(place.dates, streams, strict=True):
            room_night = RoomNight() if stream in left else known.get(RoomNight, stream)
            for event in room_night.hold(
                room=door, stay_date=night, stay_id=stay_id, reservation_id=holding.reservation_id,
                held_until=holding.held_until, now=now, slot=place.slot,
            ):  # fmt: skip
                yield Change(stream, event)
