"""A stay as a calendar file (RFC 5545), from check-in to check-out in hotel time: for download and for mails, the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from projections.hotel import Hotel
from projections.stays import shown
from queries.reservations import ReservationFound

ZONE_MARGIN = timedelta(days=366)
"""The rules of the time zone are written for so long before and after the stay."""


@dataclass(frozen=True, kw_only=True)
class CalendarStay:
    """What the entry says. `rooms` is a line each; of two entries the one with the higher `revision` wins."""

    reservation_id: UUID
    confirmation_code: str
    arrival: date
    departure: date
    rooms: tuple[str, ...]
    written_at: datetime
    property_name: str
    address: str
    phone: str
    email: str
    time_zone: str
    check_in_time: str
    check_out_time: str
    revision: int = 0


def calendar_stay(found: ReservationFound, hotel: Hotel, now: datetime) -> CalendarStay:
    """Fill the entry in from a reservation."""
    house, held = hotel.definition, found.document.held
    kinds = {kind.code: kind.name for kind in house.room_types}
    stays = shown(found.document.stays)
    return CalendarStay(
        reservation_id=found.reservation_id,
        confirmation_code=held.confirmation_code,
        arrival=min(stay.dates.arrival for stay in stays),
        departure=max(stay.dates.departure for stay in stays),
        rooms=tuple(kinds[stay.room_type] for stay in stays),
        written_at=now,
        property_name=house.name,
        address=house.address,
        phone=house.phone,
        email=house.email,
        time_zone=house.time_zone,
        check_in_time=house.check_in_time,
        check_out_time=house.check_out_time,
        revision=found.document.revision,
    )


def calendar_file(stay: CalendarStay, *, cancelled: bool) -> bytes:
    """Write the entry, or take it back. Its id is the reservation's, so that a second copy replaces the first."""
    calendar = Calendar()
    calendar.add("prodid", "-//Nightledger//Reservations//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(_entry(stay, cancelled=cancelled))
    calendar.add_missing_timezones(first_date=stay.arrival - ZONE_MARGIN, last_date=stay.departure + ZONE_MARGIN)
    return bytes(calendar.to_ical())


def _entry(stay: CalendarStay, *, cancelled: bool) -> Event:
    entry = Event()
    entry.add("uid", str(stay.reservation_id))
    entry.add("dtstamp", stay.written_at.astimezone(UTC).replace(microsecond=0))
    entry.add("dtstart", _at(stay.arrival, stay.check_in_time, stay.time_zone))
    entry.add("dtend", _at(stay.departure, stay.check_out_time, stay.time_zone))
    entry.add("summary", f"{stay.property_name} ({stay.confirmation_code})")
    entry.add("location", stay.address)
    entry.add("description", "\n".join([*stay.rooms, f"Confirmation {stay.confirmation_code}", stay.phone, stay.email]))
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("sequence", stay.revision + cancelled)
    entry.add("transp", "TRANSPARENT")
    organizer = vCalAddress(f"mailto:{stay.email}")
    organizer.params["CN"] = vText(stay.property_name)
    entry.add("organizer", organizer)
    return entry


def _at(day: date, clock: str, zone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone))
