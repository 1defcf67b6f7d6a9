"""A reservation as an iCalendar file (RFC 5545), from check-in to check-out in hotel time."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from projections.hotel import Hotel
from queries.reservations import ReservationFound


def calendar_file(found: ReservationFound, hotel: Hotel, now: datetime) -> bytes:
    """Write one entry a stay; a cancelled reservation takes its entries back. The ids never change."""
    held = found.document.held
    house = hotel.definition
    kinds = {kind.code: kind.name for kind in house.room_types}
    cancelled = found.document.state != "confirmed"
    calendar = Calendar()
    calendar.add("prodid", "-//Nightledger//Stay//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    for stay in held.stays:
        entry = Event()
        entry.add("uid", f"{stay.stay_id}@nightledger")
        entry.add("dtstamp", now)
        entry.add("sequence", 1 if cancelled else 0)
        entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        entry.add("summary", f"{house.name}: {kinds[stay.room_type]}")
        entry.add("dtstart", _moment(stay.dates.arrival, house.check_in_time, house.time_zone))
        entry.add("dtend", _moment(stay.dates.departure, house.check_out_time, house.time_zone))
        entry.add("location", house.address)
        entry.add("description", f"Booking {held.confirmation_code}. Questions: {house.phone}, {house.email}")
        calendar.add_component(entry)
    calendar.add_missing_timezones()
    body: Any = calendar.to_ical()
    return bytes(body)


def _moment(day: date, clock: str, zone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone))
