"""Offers as the API writes them. Prices are worked out and written once for the same search; rooms left and quotes are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from queries.hotel import Hotel
from queries.offers import Left, PlanOffer, Wish, plans_for
from web.api.amounts import amount, lines_by_night
from web.house import Desk, House
from web.links import Links, Quote

SEARCHES_KEPT = 2048
"""Written offers that are remembered, by property version and search, some 1 kB each; the least recently asked for go first."""
PRICES_KEPT = 4096
"""Prices that are remembered, by property version, room type and search."""
LONGEST_KEPT_NIGHTS = 30
"""Offers of longer stays are large and hardly ever asked for twice."""
QUOTED_EVERY_SECONDS = 20
"""Quotes of one search are the same for so long, and count from its beginning."""


class OfferAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One offer: a room type as a rate plan, for all rooms of the search. `Raw` parts are written already."""

    room_type: str
    room_type_name: str
    rate_plan: str
    rate_plan_name: str
    rooms_left: int = 0
    confirmed_when_booked: bool = False
    nights: msgspec.Raw
    room_total: msgspec.Raw
    taxes: msgspec.Raw
    total: msgspec.Raw
    pay_now: msgspec.Raw
    policy: msgspec.Raw
    quote_id: str = ""


def offer_answers(
    house: House, desk: Desk, hotel: Hotel, wish: Wish, left: Mapping[str, Left]
) -> Sequence[msgspec.Raw]:  # fmt: skip
    """Write the offers of the room types that have rooms left, each with a signed quote."""
    write = _signed if wish.dates.nights <= LONGEST_KEPT_NIGHTS else _signed.__wrapped__
    quoted_at = int(house.clock.now().timestamp()) // QUOTED_EVERY_SECONDS * QUOTED_EVERY_SECONDS
    return write(house.links, hotel, desk.listed.code, wish, tuple(left.items()), quoted_at)


def quote_of(property_code: str, wish: Wish, room_type: str, offer: PlanOffer, quoted_at: int = 0) -> Quote:
    """Say what was offered, so that it can be signed and held at this price."""
    return Quote(
        property=property_code, room_type=room_type, rate_plan=offer.plan.code,
        arrival=wish.dates.arrival.isoformat(), departure=wish.dates.departure.isoformat(),
        adults=wish.adults, children=wish.children, rooms=wish.rooms,
        total=offer.price.total.amount_minor * wish.rooms, currency=offer.price.total.currency, quoted_at=quoted_at,
    )  # fmt: skip


@lru_cache(SEARCHES_KEPT)
def _signed(
    links: Links, hotel: Hotel, property_code: str, wish: Wish, left: Sequence[tuple[str, Left]], quoted_at: int
) -> tuple[msgspec.Raw, ...]:
    """Write offers whole: the same for all who search within the same seconds, while as many rooms are left."""
    price = _priced if wish.dates.nights <= LONGEST_KEPT_NIGHTS else _priced.__wrapped__
    return tuple(
        _raw(
            replace(
                answer,
                rooms_left=each.sure,
                confirmed_when_booked=each.waits(wish.rooms),
                quote_id=links.quote(replace(quote, quoted_at=quoted_at)),
            )
        )
        for room_type, each in left
        for answer, quote in price(hotel, property_code, room_type, wish)
    )


@lru_cache(PRICES_KEPT)
def _priced(hotel: Hotel, property_code: str, room_type: str, wish: Wish) -> tuple[tuple[OfferAnswer, Quote], ...]:
    """Write offers but for what changes from moment to moment, and their quotes but for the moment."""
    kind = next(kind for kind in hotel.definition.room_types if kind.code == room_type)
    return tuple(
        (_answer(kind, offer, wish.rooms), quote_of(property_code, wish, room_type, offer))
        for offer in plans_for(hotel, room_type, wish)
    )


def _answer(kind: Any, offer: PlanOffer, rooms: int) -> OfferAnswer:
    price = offer.price
    return OfferAnswer(
        room_type=kind.code,
        room_type_name=kind.name,
        rate_plan=offer.plan.code,
        rate_plan_name=offer.plan.name,
        nights=_raw([{"date": night, "amount": amount(value)} for night, value in lines_by_night(price)]),
        room_total=_raw(amount(price.room_total, rooms)),
        taxes=_raw([{"code": tax.code, "name": tax.name, "amount": amount(tax.amount, rooms)} for tax in price.taxes]),
        total=_raw(amount(price.total, rooms)),
        pay_now=_raw(amount(price.pay_now, rooms)),
        policy=_raw({"name": price.policy.name, "text": price.policy.text, "free_until": price.policy.free_until}),
    )


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
