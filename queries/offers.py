"""Tells what can be booked for given dates and party: each room type that fits, as each rate plan, with its whole price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.price import StayPrice
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates
from projections.hotel import Hotel
from queries.availability import Free


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


def offers_for(hotel: Hotel, free: Free, wish: Wish) -> list[TypeOffer]:
    """List the room types that take the party, in the property's order; sold-out ones have no plans."""
    found: list[TypeOffer] = []
    for room_type in hotel.definition.room_types:
        if wish.adults > room_type.max_adults or wish.adults + wish.children > room_type.max_guests:
            continue
        left = free.left(room_type.code, wish.dates)
        plans = plans_for(hotel, room_type.code, wish) if left >= wish.rooms else []
        found.append(TypeOffer(room_type, left, plans))
    return found


def plans_for(hotel: Hotel, room_type: str, wish: Wish) -> list[PlanOffer]:
    """Price a room type as every rate plan that these dates allow."""
    offers: list[PlanOffer] = []
    for plan in hotel.tariff.plans:
        try:
            price = hotel.price(
                room_type=room_type, rate_plan=plan.code, dates=wish.dates, adults=wish.adults, children=wish.children
            )
        except Refusal:
            continue
        offers.append(PlanOffer(plan, price))
    return offers


def lowest_night(hotel: Hotel, room_type: str, night: date) -> StayPrice | None:
    """Give the lowest price of one night for two in a room type, or nothing when no plan sells a single night."""
    wish = Wish(StayDates(night, date.fromordinal(night.toordinal() + 1)), 2, 0, 1)
    prices = [offer.price for offer in plans_for(hotel, room_type, wish)]
    return min(prices, key=lambda price: price.total.amount_minor, default=None)
