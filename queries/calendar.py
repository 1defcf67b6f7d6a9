"""Tells date by date what a room type has to give: free rooms, the price from, and what the hotel does not sell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.money import Money
from projections.from_date import FromDate
from queries.hotel import Hotel
from queries.offers import lowest_night


@dataclass(frozen=True, kw_only=True)
class CalendarDay:
    """One date of a room type. `closed`: nobody can sleep there; `longest_stay`: nights one room can be had from then on.

    What holds for every rate plan alike is told: `min_stay` is that of the plan with the shortest, arrivals and departures
    are closed when they are for all plans.
    """

    night: date
    free: int
    closed: bool
    closed_to_arrival: bool
    closed_to_departure: bool
    min_stay: int
    longest_stay: int
    from_price: Money | None


def calendar_of(hotel: Hotel, room_type: str, first: date, numbers: Sequence[FromDate]) -> Iterator[CalendarDay]:
    """Tell each date from `first` on; `numbers` are those of the room type, date by date."""
    for place, each in enumerate(numbers):
        night = first + timedelta(days=place)
        rules = [(plan, hotel.restrictions.on(room_type, plan.code, night)) for plan in hotel.tariff.plans]
        sold = [(plan, rule) for plan, rule in rules if not rule.stop_sell]
        price = lowest_night(hotel, room_type, night)
        yield CalendarDay(
            night=night,
            free=each.free,
            closed=each.free == 0 or not sold,
            closed_to_arrival=all(rule.closed_to_arrival for _, rule in rules),
            closed_to_departure=all(rule.closed_to_departure for _, rule in rules),
            min_stay=min((max(plan.min_nights, rule.shortest) for plan, rule in sold or rules), default=1),
            longest_stay=each.longest,
            from_price=price.total if price else None,
        )
