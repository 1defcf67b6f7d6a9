"""The room-nights of stays, moved together: confirm all, release those still theirs, give back, take and leave.

Which stays, and whether they may, is decided before; here every night of a stay is found in the room it has that night.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from uuid import UUID

from aggregates.reservation import Reservation
from aggregates.room_night import EndReason, ReleaseReason, RoomNight
from ledger.command import Change, Known
from ledger.ids import room_night_stream
from ledger.stay import BEFORE_ARRIVAL, LiveStay

Night = tuple[date, str]
"""A stay date and the room of that night."""


def streams_of(property_code: str, reservation: Reservation) -> Iterator[UUID]:
    """Name the room-nights that the stays of a reservation have now."""
    for stay in reservation.live.values():
        yield from streams_of_stay(property_code, stay)


def streams_of_stay(property_code: str, stay: LiveStay) -> Iterator[UUID]:
    """Name the room-nights that a stay has now, in order."""
    for night, room in stay.nights():
        yield room_night_stream(property_code, room, night, stay.booked.slot)


def lost_nights(property_code: str, reservation: Reservation, known: Known) -> int:
    """Count the held room-nights that somebody else has taken since. Raises Unread."""
    known.require(streams_of(property_code, reservation))
    return sum(
        not known.get(RoomNight, stream).is_held_by(stay.stay_id)
        for stay, _, _, stream in _each(property_code, reservation.live.values())
    )


def confirm_nights(property_code: str, reservation: Reservation, known: Known) -> list[Change]:
    """Book every held room-night. Raises RoomNight.NotHeld, Unread."""
    return [
        Change(
            stream,
            known.get(RoomNight, stream).confirm(room=room, stay_date=night, stay_id=stay.stay_id, slot=stay.booked.slot),
        )
        for stay, night, room, stream in _each(property_code, reservation.live.values())
    ]


def release_nights(property_code: str, reservation: Reservation, known: Known, reason: ReleaseReason) -> list[Change]:
    """Release the held room-nights that are still this reservation's. Raises Unread."""
    return [
        Change(stream, event)
        for stay, night, room, stream in _each(property_code, reservation.live.values())
        for event in known.get(RoomNight, stream).release(
            room=room, stay_date=night, stay_id=stay.stay_id, reason=reason, slot=stay.booked.slot
        )
    ]


def cancel_nights(property_code: str, stays: Iterable[LiveStay], known: Known) -> list[Change]:
    """Give every booked room-night of stays back that have not begun. Raises RoomNight.NotBooked, Unread."""
    return [
        change
        for stay in stays
        if stay.state in BEFORE_ARRIVAL
        for change in cancel_some(property_code, stay, stay.nights(), known)
    ]


def cancel_some(property_code: str, stay: LiveStay, nights: Iterable[Night], known: Known) -> list[Change]:
    """Give some booked room-nights of a stay back. Raises RoomNight.NotBooked, Unread."""
    slot = stay.booked.slot
    return [
        Change(
            stream := room_night_stream(property_code, room, night, slot),
            known.get(RoomNight, stream).cancel(room=room, stay_date=night, stay_id=stay.stay_id, slot=slot),
        )
        for night, room in nights
    ]


def end_some(property_code: str, stay: LiveStay, nights: Iterable[Night], known: Known, reason: EndReason) -> list[Change]:
    """Give some booked room-nights of a stay back that the guests do not use. Raises RoomNight.NotBooked, Unread."""
    slot = stay.booked.slot
    return [
        Change(
            stream := room_night_stream(property_code, room, night, slot),
            known.get(RoomNight, stream).end(room=room, stay_date=night, stay_id=stay.stay_id, reason=reason, slot=slot),
        )
        for night, room in nights
    ]


def book_some(
    property_code: str, reservation_id: UUID, stay: LiveStay, nights: Iterable[Night], known: Known, now: datetime
) -> list[Change]:
    """Hold and book further room-nights for a stay, at once. Raises RoomNight.Taken, Unread."""
    changes: list[Change] = []
    slot, stay_id = stay.booked.slot, stay.stay_id
    for night, room in nights:
        stream = room_night_stream(property_code, room, night, slot)
        held = known.get(RoomNight, stream).hold(
            room=room, stay_date=night, stay_id=stay_id, reservation_id=reservation_id, held_until=now, now=now, slot=slot
        )
        booked = RoomNight.BookingConfirmed(room=room, stay_date=night, stay_id=stay_id, slot=slot)
        changes += [Change(stream, event) for event in (*held, booked)]
    return changes


def _each(property_code: str, stays: Iterable[LiveStay]) -> Iterator[tuple[LiveStay, date, str, UUID]]:
    for stay in stays:
        for night, room in stay.nights():
            yield stay, night, room, room_night_stream(property_code, room, night, stay.booked.slot)
