"""Another room for a stay that cannot have its own, others making way where needed: after a change, or a way back."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from aggregates.reservation import Reservation
from commands.desk import Desk
from commands.foreseen import Foreseen
from commands.moving import changes_of
from commands.nights import Night, book_some
from commands.rooms_for import find_rooms
from commands.wishes import rooms_near
from ledger.command import Change, Known
from ledger.stay import BookedStay, LiveStay, doors_by_night, rebooked


def in_another_room(desk: Desk, stay: LiveStay, wished: BookedStay, then: Foreseen) -> BookedStay | None:
    """Give the stay in a room of its type for all its nights, and have `then` happen; nothing when there is none.

    `then` knows the nights that it gave up, so that others who make room for it may have them. Raises Unread.
    """
    found = find_rooms(
        hotel=desk.hotel, code=desk.code, room_type=wished.room_type, dates=wished.dates, wanted=1, suggested=(),
        known=then, now=desk.now, slot=wished.slot, may_move=True, wishes=wished.wishes,
        near=rooms_near(wished.wishes, wished.dates.arrival, then),
    )  # fmt: skip
    if not found.rooms:
        return None
    after = replace(wished, room=found.rooms[0])
    then.happen(changes_of(found.moves, then, desk.code))
    then.happen(book(desk, stay, doors_by_night((night, after.room) for night in after.dates), then))
    return after


def made_whole(stay: LiveStay, after: BookedStay) -> list[Reservation.StayMoved]:
    """Tell of a stay that was in several rooms, of which the last is its only one now, that its other nights are there, too."""
    return [
        Reservation.StayMoved(stay_id=stay.stay_id, from_room=room, to_room=after.room, first_night=first, reason="other")
        for first, room in rebooked(stay, after).segments
        if room != after.room
    ]


def book(desk: Desk, stay: LiveStay, nights: Iterable[Night], known: Known) -> list[Change]:
    """Hold and book room-nights for a stay, at once. Raises RoomNight.Taken, Unread."""
    return book_some(desk.code, desk.reservation_id, stay, nights, known, desk.now)
