"""The calendar file that goes with a letter: the stay put into the guest's calendar, or taken out again."""

from __future__ import annotations

from queries.calendar_file import CalendarStay, calendar_file
from sagas.letters.letter import Letter
from sagas.letters.wording import nights, party


def published(letter: Letter) -> bytes:
    """Write the stay."""
    return calendar_file(_stay(letter), cancelled=False)


def withdrawn(letter: Letter) -> bytes:
    """Write the cancellation of the same entry."""
    return calendar_file(_stay(letter), cancelled=True)


def _stay(letter: Letter) -> CalendarStay:
    rooms = (f"{stay.room_type}, {nights(stay.nights)}, {party(stay.adults, stay.children)}" for stay in letter.stays)
    return CalendarStay(
        reservation_id=letter.reservation_id,
        confirmation_code=letter.confirmation_code,
        arrival=letter.arrival,
        departure=letter.departure,
        rooms=tuple(rooms),
        written_at=letter.written_at,
        property_name=letter.property_name,
        address=letter.property_address,
        phone=letter.property_phone,
        email=letter.property_email,
        time_zone=letter.time_zone,
        check_in_time=letter.check_in_time,
        check_out_time=letter.check_out_time,
        revision=letter.revision,
    )
