"""The room-nights of a reservation's stays, moved together: confirm all, release those still ours, cancel all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID

from aggregates.reservation import Reservation
from aggregates.room_night import ReleaseReason, RoomNight
from ledger.command import Change, Known
from ledger.ids import room_night_stream
from ledger.stay import BookedStay


def streams_of(property_code: str, reservation: Reservation) -> Iterator[UUID]:
    """Name the room-nights of all stays of a reservation."""
    for _, _, stream in _each(property_code, reservation.stays):
        yield stream


def lost_nights(property_code: str, reservation: Reservation, known: Known) -> int:
    """Count the held room-nights that somebody else has taken since. Raises Unread."""
    known.require(streams_of(property_code, reservation))
    return sum(
        not known.get(RoomNight, stream).is_held_by(stay.stay_id) for stay, _, stream in _each(property_code, reservation.stays)
    )


def confirm_nights(property_code: str, reservation: Reservation, known: Known) -> list[Change]:
    """Book every held room-night. Raises RoomNight.NotHeld, Unread."""
    return [
        Change(stream, known.get(RoomNight, stream).confirm(room=stay.room, stay_date=night, stay_id=stay.stay_id))
        for stay, night, stream in _each(property_code, reservation.stays)
    ]


def release_nights(property_code: str, reservation: Reservation, known: Known, reason: ReleaseReason) -> list[Change]:
    """Release the held room-nights that are still this reservation's. Raises Unread."""
    return [
        Change(stream, event)
        for stay, night, stream in _each(property_code, reservation.stays)
        for event in known.get(RoomNight, stream).release(room=stay.room, stay_date=night, stay_id=stay.stay_id, reason=reason)
    ]


def cancel_nights(property_code: str, reservation: Reservation, known: Known) -> list[Change]:
    """Give every booked room-night back. Raises RoomNight.NotBooked, Unread."""
    return [
        Change(stream, known.get(RoomNight, stream).cancel(room=stay.room, stay_date=night, stay_id=stay.stay_id))
        for stay, night, stream in _each(property_code, reservation.stays)
    ]


def _each(property_code: str, stays: Iterable[BookedStay]) -> Iterator[tuple[BookedStay, date, UUID]]:
    for stay in stays:
        for night in stay.dates:
            yield stay, night, room_night_stream(property_code, stay.room, night)
