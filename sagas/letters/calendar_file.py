"""The stay as a calendar file (RFC 5545, for sending: RFC 5546): put into the guest's calendar, or taken out again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from sagas.letters.letter import Letter
from sagas.letters.wording import nights, party


def published(letter: Letter) -> bytes:
    """Write the stay from check-in on the first day to check-out on the last, in the hotel's own time."""
    return _calendar(letter, method="PUBLISH", status="CONFIRMED", sequence=0)


def withdrawn(letter: Letter) -> bytes:
    """Write the cancellation of the same entry."""
    return _calendar(letter, method="CANCEL", status="CANCELLED", sequence=1)


def _calendar(letter: Letter, *, method: str, status: str, sequence: int) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Nightledger//Reservations//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(_entry(letter, status, sequence))
    margin = timedelta(days=366)
    calendar.add_missing_timezones(first_date=letter.arrival - margin, last_date=letter.departure + margin)
    return bytes(calendar.to_ical())


def _entry(letter: Letter, status: str, sequence: int) -> Event:
    entry = Event()
    entry.add("uid", str(letter.reservation_id))
    entry.add("dtstamp", letter.written_at.astimezone(UTC).replace(microsecond=0))
    entry.add("dtstart", _at(letter.arrival, letter.check_in_time, letter))
    entry.add("dtend", _at(letter.departure, letter.check_out_time, letter))
    entry.add("summary", f"{letter.property_name} ({letter.confirmation_code})")
    entry.add("location", letter.property_address)
    entry.add("description", _description(letter))
    entry.add("status", status)
    entry.add("sequence", sequence)
    entry.add("transp", "TRANSPARENT")
    organizer = vCalAddress(f"mailto:{letter.property_email}")
    organizer.params["CN"] = vText(letter.property_name)
    entry.add("organizer", organizer)
    return entry


def _at(day: date, clock: str, letter: Letter) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(letter.time_zone))


def _description(letter: Letter) -> str:
    rooms = [f"{stay.room_type}, {nights(stay.nights)}, {party(stay.adults, stay.children)}" for stay in letter.stays]
    return "\n".join([*rooms, f"Confirmation {letter.confirmation_code}", letter.property_phone, letter.property_email])
