"""Swap the rooms of two stays for all nights that are not past, in one commit: nobody is ever in two rooms, or two in one.

Who would get a room of another type than they have or booked must have been asked: such a swap has to be said explicitly.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from aggregates.property import Property
from aggregates.reservation import Reservation
from commands.changing_rooms import (
    NotThere,
    movable_from,
    moves_to,
    must_not_be_pinned,
    must_take,
    nights_relied_on,
    streams_entered,
)
from commands.desk import Desk, desk_of, reads_of
from commands.moving import changes_of
from ledger.command import Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream
from ledger.refusal import Refusal
from ledger.stay import LiveStay


class SwapStays(Command):
    """Both stays get the room of the other one; with `other_types` also when guests get another type than they have or booked.

    `expected_version` is that of the first reservation.
    """

    reservation_id: UUID
    stay_id: UUID
    other_reservation_id: UUID
    other_stay_id: UUID
    other_types: bool = False
    expected_version: int | None = None

    class Split(Refusal):
        code = "stay.split"

    class NoSharedNight(Refusal):
        code = "swap.no_shared_night"

    class OtherType(Refusal):
        code = "swap.other_type"
        field = "other_types"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, both reservations with payments and room-nights, and the room-nights that either would enter."""
    command = envelope.asks(SwapStays)
    yield from (property_stream(envelope.property_code), command.reservation_id, command.other_reservation_id)
    yield from reads_of(envelope, known, command.reservation_id)
    yield from reads_of(envelope, known, command.other_reservation_id)
    stay = known.get(Reservation, command.reservation_id).live.get(command.stay_id)
    other = known.get(Reservation, command.other_reservation_id).live.get(command.other_stay_id)
    if stay and other:
        for one, another in ((stay, other), (other, stay)):
            for _, room in another.segments:
                moves = moves_to(room, one, command.reservation_id, date.min)
                yield from streams_entered(moves, envelope.property_code)
                yield from nights_relied_on(moves, envelope.property_code)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Swap them or say why not.

    Refusals in order: reservations, version, stays and their states, rooms that change meanwhile, the same room, no shared
    night, pins, other types, then for either stay its new room's party and taken nights.
    """
    command = envelope.asks(SwapStays)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    others = desk_of(envelope, known, now, command.other_reservation_id)
    stay = desk.stay_in(command.stay_id, "confirmed", "checked_in")
    other = others.stay_in(command.other_stay_id, "confirmed", "checked_in")
    room, other_room = _room_left(desk, stay), _room_left(others, other)
    if room == other_room:
        raise NotThere(f"Both are in room {room}: there is nothing to swap.")
    _must_meet(stay, other)
    must_not_be_pinned(stay)
    must_not_be_pinned(other)
    if not command.other_types:
        _must_be_alike(desk.hotel, stay, room, other, other_room)
    moves = moves_to(other_room, stay, command.reservation_id, movable_from(stay, desk.today))
    back = moves_to(room, other, command.other_reservation_id, movable_from(other, desk.today))
    leaving = frozenset({stay.stay_id, other.stay_id})
    must_take(desk, other_room, stay, moves, leaving)
    must_take(others, room, other, back, leaving)
    return Decision(
        changes=changes_of([*moves, *back], known, desk.code, "swap"),
        guards=(property_stream(desk.code), *nights_relied_on([*moves, *back], desk.code)),
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "room": other_room,
            "room_type": desk.hotel.type_of(other_room), "other_stay_id": str(other.stay_id), "other_room": room,
            "other_room_type": desk.hotel.type_of(room),
        },
    )  # fmt: skip


def _room_left(desk: Desk, stay: LiveStay) -> str:
    """Give the one room of the nights that are not past."""
    first = movable_from(stay, desk.today)
    rooms = {stay.room_on(night) for night in stay.booked.dates if night >= first}
    if not rooms:
        raise NotThere("This stay has no night left that could change rooms: check the guests out.")
    if len(rooms) > 1:
        raise SwapStays.Split(f"This stay is split over rooms {', '.join(sorted(rooms))}: move it room by room instead.")
    return rooms.pop()


def _must_meet(stay: LiveStay, other: LiveStay) -> None:
    """Raises SwapStays.NoSharedNight when the two are at no time in the house together."""
    mine, theirs = stay.booked.dates, other.booked.dates
    if max(mine.arrival, theirs.arrival) >= min(mine.departure, theirs.departure):
        raise SwapStays.NoSharedNight(
            f"The stays share no night, one is from {mine.arrival} to {mine.departure}, the other from {theirs.arrival} to"
            f" {theirs.departure}: there is nothing to swap, move the one stay instead."
        )


def _must_be_alike(hotel: Property, stay: LiveStay, room: str, other: LiveStay, other_room: str) -> None:
    """Raises SwapStays.OtherType unless the rooms are of one type, or each guest gets the type that they booked."""
    kind, other_kind = hotel.type_of(room), hotel.type_of(other_room)
    booked, other_booked = stay.booked.room_type, other.booked.room_type
    if kind == other_kind or (booked, other_booked) == (other_kind, kind):
        return
    raise SwapStays.OtherType(
        f"Room {room} is of type {kind} and its guest booked {booked}, room {other_room} is of type {other_kind} and its guest"
        f" booked {other_booked}: say other_types when both agree, or swap with a room of the same type.",
        room_type=kind, booked=booked, other_room_type=other_kind, other_booked=other_booked,
    )  # fmt: skip


HANDLER = Handler(reads, decide)
