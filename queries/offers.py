"""Tells what can be booked for given dates and party: each room type that fits, as each rate plan, with its whole price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from ledger.price import StayPrice
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates
from projections.hotel import Hotel
from queries.availability import Free

NIGHTS_KEPT = 4096
"""Nights of a calendar whose lowest price is remembered, by property version and room type."""


@dataclass(frozen=True)
class Wish:
    """What a guest looks for. `adults` and `children` are the party of each of `rooms` rooms."""

    dates: StayDates
    adults: int
    children: int
    rooms: int


@dataclass(frozen=True)
class PlanOffer:
    """One room type as one rate plan. `price` is for one room; `plan` is the tariff's rate plan."""

    plan: Any
    price: StayPrice


@dataclass(frozen=True)
class TypeOffer:
    """One room type that takes the party, with the rooms left for all the nights; no plans when too few are left."""

    room_type: Any
    rooms_left: int
    plans: Sequence[PlanOffer]


def rooms_left(hotel: Hotel, free: Free, wish: Wish) -> dict[str, int]:
    """Count the rooms left of each type that takes the party, in the property's order."""
    return {
        kind.code: free.left(kind.code, wish.dates)
        for kind in hotel.definition.room_types
        if wish.adults <= kind.max_adults and wish.adults + wish.children <= kind.max_guests
    }


def offers_for(hotel: Hotel, free: Free, wish: Wish) -> list[TypeOffer]:
    """List the room types that take the party, in the property's order; sold-out ones have no plans."""
    kinds = {kind.code: kind for kind in hotel.definition.room_types}
    return [
        TypeOffer(kinds[code], left, plans_for(hotel, code, wish) if left >= wish.rooms else [])
        for code, left in rooms_left(hotel, free, wish).items()
    ]


def plans_for(hotel: Hotel, room_type: str, wish: Wish) -> list[PlanOffer]:
    """Price a room type as every rate plan that these dates allow."""
    offers: list[PlanOffer] = []
    for plan in hotel.tariff.plans:
        try:
            price = hotel.tariff.price(
                room_type=room_type, rate_plan=plan.code, dates=wish.dates, adults=wish.adults, children=wish.children
            )
        except Refusal:
            continue
        offers.append(PlanOffer(plan, price))
    return offers


@lru_cache(NIGHTS_KEPT)
def lowest_night(hotel: Hotel, room_type: str, night: date) -> StayPrice | None:
    """Give the lowest price of one night for two in a room type, or nothing when no plan sells a single night."""
    wish = Wish(StayDates(night, date.fromordinal(night.toordinal() + 1)), 2, 0, 1)
    prices = [offer.price for offer in plans_for(hotel, room_type, wish)]
    return min(prices, key=lambda price: price.total.amount_minor, default=None)
