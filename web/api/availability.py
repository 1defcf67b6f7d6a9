"""GET /availability: what is free, for how much, and what to take instead when nothing is. Nothing is written."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from ledger.clock import local_date
from ledger.stay_dates import StayDates
from queries.alternatives import alternatives_for
from queries.hotel import Hotel
from queries.offers import PlanOffer, Wish, rooms_left
from web.api.amounts import amount
from web.api.description import operation_id
from web.api.offers import offer_answers, quote_of
from web.doors import API, ReceptionDoor, settle, written
from web.house import Desk, House
from web.problems import Problem
from web.quick_route import QuickRoute

quick = APIRouter(prefix=API, tags=["availability"], route_class=QuickRoute, generate_unique_id_function=operation_id)


class Search(BaseModel):
    """Which nights, and the party of each room."""

    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    rooms: int = Field(default=1, ge=1, le=9)
    room_type: str | None = Field(default=None, max_length=40, description="Only this room type; without it, all")
    after: int | None = Field(default=None, ge=0, description="Wait briefly until this ledger position is shown")

    @property
    def wish(self) -> Wish:
        """What this means to the hotel."""
        return Wish(StayDates(self.arrival, self.departure), self.adults, self.children, self.rooms)


@quick.get("/availability", response_model=dict[str, Any])
async def availability(reception: ReceptionDoor, search: Annotated[Search, Query()]) -> Response:
    """List what can be booked. Adults and children are the party of each room; totals are for all rooms."""
    house, desk = reception.house, reception.desk
    wish = search.wish
    wish.dates.check(local_date(house.clock.now(), desk.listed.time_zone))
    await settle(desk, "availability", search.after)
    hotel = await desk.hotel.current()
    kinds = types_asked(hotel, search.room_type)
    free = await desk.availability.free(wish.dates, kinds)
    left = {kind: each for kind, each in rooms_left(hotel, free, wish).items() if kind in kinds}
    enough = {kind: each for kind, each in left.items() if each.suffices(wish.rooms)}
    offers = offer_answers(house, desk, hotel, wish, enough)
    found = {
        "position": free.position,
        "arrival": search.arrival,
        "departure": search.departure,
        "nights": wish.dates.nights,
        "offers": offers,
        "sold_out": [kind for kind in left if kind not in enough],
        "alternatives": [] if offers else await _alternatives(house, desk, hotel, search),
    }
    return written(found, free.position)


def types_asked(hotel: Hotel, room_type: str | None) -> list[str]:
    """Give the room type asked for, or all. Raises Problem when there is no such type."""
    known = [kind.code for kind in hotel.definition.room_types]
    if room_type is None:
        return known
    if room_type not in known:
        raise Problem(
            "property.room_type_unknown", f"There is no such room type: choose one of {', '.join(known)}.", field="room_type"
        )
    return [room_type]


async def _alternatives(house: House, desk: Desk, hotel: Hotel, search: Search) -> list[dict[str, Any]]:
    today = local_date(house.clock.now(), desk.listed.time_zone)
    wanted = (search.room_type,) if search.room_type else ()
    return [
        {
            "kind": each.kind,
            "from_total": amount(each.from_total),
            "stays": [
                {
                    "room_type": part.room_type,
                    "arrival": part.dates.arrival,
                    "departure": part.dates.departure,
                    "from_total": amount(part.from_total),
                }
                for part in each.parts
            ],
        }
        for each in await alternatives_for(desk.availability, hotel, search.wish, today, wanted)
    ]


def quote_id(house: House, desk: Desk, wish: Wish, room_type: str, offer: PlanOffer) -> str:
    """Sign what was offered, so that it can be held at this price."""
    quoted_at = int(house.clock.now().timestamp())
    return house.links.quote(quote_of(desk.listed.code, wish, room_type, offer, quoted_at))
