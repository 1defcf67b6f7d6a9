"""What moving, swapping and checking in have in common: which nights change rooms, and whether the other room takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from msgspec.structs import replace

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.stay_events import MoveReason
from commands.desk import ONE_DAY, Desk, today_of
from commands.free_rooms import are_free, are_on_the_market, free_rooms, nights_of_days
from commands.moving import Move
from ledger.command import Change, Envelope, Known
from ledger.ids import doors_of, property_stream, room_night_stream, stay_streams
from ledger.refusal import Refusal
from ledger.stay import LiveStay
from ledger.stay_dates import StayDates

MOST_ALTERNATIVES = 9


class RoomUnknown(Refusal):
    """The hotel has no such room."""

    code = "room.unknown"
    field = "room"


class RoomPinned(Refusal):
    """The room of the stay is promised."""

    code = "stay.pinned"


class NotThere(Refusal):
    """The stay has no night that could change rooms, or is in that room already."""

    code = "stay.nothing_new"


class StillOccupied(Refusal):
    """Somebody who should have left is in the room."""

    code = "room.occupied"
    field = "room"


def moves_to(room: str, stay: LiveStay, reservation_id: UUID, first: date) -> list[Move]:
    """List the moves that bring a stay's nights from `first` on into a room; nights that are there stay."""
    moves = []
    for left, nights in groupby((night for night in stay.booked.dates if night >= first), key=stay.room_on):
        days = list(nights)
        if left != room:
            moves.append(Move(stay.stay_id, reservation_id, left, room, days[0], days[-1] + ONE_DAY, stay.booked.slot))
    return moves


def streams_entered(moves: Iterable[Move], code: str) -> list[UUID]:
    """Name the room-nights that moves enter."""
    return [
        stream
        for move in moves
        for door in doors_of(move.to_room)
        for stream in stay_streams(code, door, move.first_night, move.last_night_exclusive, move.slot)
    ]


def nights_relied_on(moves: Iterable[Move], code: str) -> list[UUID]:
    """Name the nights that day use relies on in the rooms that moves enter, to be read and guarded."""
    return [
        night
        for move in moves
        for night in nights_of_days(code, move.to_room, StayDates(move.first_night, move.last_night_exclusive), move.slot)
    ]


def streams_before(envelope: Envelope, known: Known, room: str) -> Iterator[UUID]:
    """Name what tells who may still be in a room: last night, and the reservation that had it. The property was named."""
    hotel = known.get(Property, property_stream(envelope.property_code))
    if hotel.definition is None:
        return
    today = today_of(envelope, hotel, envelope.occurred_at)
    streams = [room_night_stream(envelope.property_code, door, today - ONE_DAY) for door in doors_of(room)]
    yield from streams
    for stream in streams:
        before = known.get(RoomNight, stream).reservation_id
        if before is not None:
            yield before


def must_not_be_pinned(stay: LiveStay) -> None:
    """Raises RoomPinned when the guest was promised the room."""
    if stay.pin:
        raise RoomPinned(
            f"Room {stay.booked.room} is promised to this guest ({stay.pin}): unpin it first, or leave the stay there.",
            pin=stay.pin,
        )


def must_be_empty(desk: Desk, room: str, coming: UUID) -> None:
    """Raises StillOccupied when somebody is in house who should have left the room by today."""
    for door in doors_of(room):
        last_night = desk.known.get(RoomNight, room_night_stream(desk.code, door, desk.today - ONE_DAY))
        if last_night.reservation_id is None or last_night.stay_id in {None, coming}:
            continue
        stays = desk.known.get(Reservation, last_night.reservation_id).live.values()
        if any(stay.stay_id == last_night.stay_id and stay.state == "checked_in" for stay in stays):
            raise StillOccupied(
                f"The last guests of room {door} have not left: check them out first, or choose another room.", room=door
            )


def must_take(desk: Desk, room: str, stay: LiveStay, moves: Sequence[Move], leaving: frozenset[UUID] = frozenset()) -> None:
    """Refuse a room that does not exist, is too small, or is taken; nights of the stays `leaving` count as free.

    Raises RoomUnknown, Property.TooManyGuests, RoomNight.Taken with the rooms of its type that are free instead.
    """
    kind = next((each.room_type for each in desk.definition.rooms if each.code == room), None)
    if kind is None:
        raise RoomUnknown(f"There is no room {room}: look at the list of rooms.")
    desk.hotel.welcome(kind, stay.booked.adults, stay.booked.children)
    free = are_free(streams_entered(moves, desk.code), desk.known, desk.now, leaving | {stay.stay_id})
    if free and are_on_the_market(nights_relied_on(moves, desk.code), desk.known):
        return
    dates = StayDates(moves[0].first_night, moves[-1].last_night_exclusive)
    others = free_rooms(
        hotel=desk.hotel, code=desk.code, room_type=kind, dates=dates, wanted=MOST_ALTERNATIVES, suggested=(),
        known=desk.known, now=desk.now, slot=stay.booked.slot,
    )  # fmt: skip
    raise RoomNight.Taken(
        f"Room {room} is taken between {dates.arrival} and {dates.departure}: "
        + (f"free is {', '.join(others)}." if others else "no other room of its type is free either."),
        room=room,
        rooms=others,
    )


def because(changes: Iterable[Change], reason: MoveReason) -> list[Change]:
    """Say in written moves why they were made."""
    return [
        Change(each.stream, replace(each.event, reason=reason)) if isinstance(each.event, Reservation.StayMoved) else each
        for each in changes
    ]


def movable_from(stay: LiveStay, today: date) -> date:
    """Tell the first night that can still change rooms: nights that are past stay where they were."""
    return max(stay.booked.dates.arrival, today)
