"""Tells what can be booked for given dates and party: each room type that fits, as each rate plan, with its whole price."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from msgspec import Struct

from ledger.money import Money
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


class Left(Struct, frozen=True):
    """How many rooms of a type, up to nine, are surely left, and how many at most when other stays may be moved."""

    sure: int
    at_most: int

    def suffices(self, rooms: int) -> bool:
        """Tell whether so many rooms can be offered."""
        return self.at_most >= rooms

    def waits(self, rooms: int) -> bool:
        """Tell whether only the booking itself can say that the rooms are there: other stays have to move for it."""
        return self.sure < rooms <= self.at_most


@dataclass(frozen=True)
class TypeOffer:
    """One room type that takes the party, with the rooms left for all the nights; no plans when too few are left.

    `confirmed_when_booked`: other stays have to be moved for this one, which is tried when it is booked.
    """

    room_type: Any
    rooms_left: int
    plans: Sequence[PlanOffer]
    confirmed_when_booked: bool = False


def rooms_left(hotel: Hotel, free: Free, wish: Wish) -> dict[str, Left]:
    """Count the rooms left of each type that takes the party, in the property's order."""
    return {kind: Left(free.sure(kind), free.at_most(kind)) for kind in types_for(hotel, wish)}


def types_for(hotel: Hotel, wish: Wish) -> list[str]:
    """List the room types that take the party, in the property's order."""
    return [
        kind.code
        for kind in hotel.definition.room_types
        if wish.adults <= kind.max_adults and wish.adults + wish.children <= kind.max_guests
    ]


def offers_for(hotel: Hotel, free: Free, wish: Wish) -> list[TypeOffer]:
    """List the room types that take the party, in the property's order; sold-out ones have no plans."""
    kinds = {kind.code: kind for kind in hotel.definition.room_types}
    return [
        TypeOffer(
            kinds[code], left.sure, plans_for(hotel, code, wish) if left.suffices(wish.rooms) else [], left.waits(wish.rooms)
        )
        for code, left in rooms_left(hotel, free, wish).items()
    ]


def plans_for(hotel: Hotel, room_type: str, wish: Wish) -> list[PlanOffer]:
    """Price a room type as every rate plan that these dates and the hotel's restrictions allow."""
    return [offer for offer in _priced(hotel, room_type, wish) if _is_sold(hotel, room_type, offer.plan.code, wish.dates)]


def lowest_total(hotel: Hotel, room_type: str, wish: Wish) -> Money | None:
    """Say what one room costs at least, without listing its nights; nothing when no plan sells it for these dates."""
    totals = []
    for plan in hotel.tariff.plans:
        if _is_sold(hotel, room_type, plan.code, wish.dates):
            with suppress(Refusal):
                totals.append(
                    hotel.tariff.total(
                        hotel.seasons, room_type=room_type, rate_plan=plan.code, dates=wish.dates,
                        adults=wish.adults, children=wish.children,
                    )
                )  # fmt: skip
    return min(totals, key=lambda amount: amount.amount_minor, default=None)


def _is_sold(hotel: Hotel, room_type: str, rate_plan: str, dates: StayDates) -> bool:
    try:
        hotel.restrictions.check(room_type, rate_plan, dates)
    except Refusal:
        return False
    return True


def _priced(hotel: Hotel, room_type: str, wish: Wish) -> list[PlanOffer]:
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
    """Give the lowest price of one night for two in a room type, or nothing when no plan has a price for a single night."""
    wish = Wish(StayDates(night, date.fromordinal(night.toordinal() + 1)), 2, 0, 1)
    prices = [offer.price for offer in _priced(hotel, room_type, wish)]
    return min(prices, key=lambda price: price.total.amount_minor, default=None)
