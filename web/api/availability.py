"""GET /availability and /calendar: what is free, for how much. Nothing is written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from ledger.clock import local_date
from ledger.stay_dates import StayDates
from queries.offers import PlanOffer, Wish, lowest_night, rooms_left
from web.api.amounts import amount
from web.api.offers import offer_answers, quote_of
from web.doors import API, After, ReceptionDoor, settle, written
from web.house import Desk, House
from web.problems import Problem
from web.quick_route import QuickRoute

router = APIRouter(tags=["availability"])
quick = APIRouter(prefix=API, tags=["availability"], route_class=QuickRoute)
LONGEST_CALENDAR_DAYS = 400


class Search(BaseModel):
    """Which nights, and the party of each room."""

    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    rooms: int = Field(default=1, ge=1, le=9)
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
    free = await desk.availability.free(wish.dates)
    hotel = await desk.hotel.current()
    left = rooms_left(hotel, free, wish)
    offers = {kind: offer_answers(house, desk, hotel, wish, kind, count) for kind, count in left.items() if count >= wish.rooms}
    found = {
        "position": free.position,
        "arrival": search.arrival,
        "departure": search.departure,
        "nights": wish.dates.nights,
        "offers": [offer for of_type in offers.values() for offer in of_type],
        "sold_out": [kind for kind, count in left.items() if count < wish.rooms],
    }
    return written(found, free.position)


def quote_id(house: House, desk: Desk, wish: Wish, room_type: str, offer: PlanOffer) -> str:
    """Sign what was offered, so that it can be held at this price."""
    quoted_at = int(house.clock.now().timestamp())
    return house.links.quote(quote_of(desk.listed.code, wish, room_type, offer, quoted_at))


@router.get("/calendar")
async def calendar(
    reception: ReceptionDoor, response: Response, room_type: str, after: After = None,
    first: Annotated[date | None, Query(alias="from")] = None, last: Annotated[date | None, Query(alias="to")] = None,
) -> dict[str, Any]:  # fmt: skip
    """Tell, night by night from `from` to `to` (not included), how many rooms of a type are free and from which price."""
    house, desk = reception.house, reception.desk
    today = local_date(house.clock.now(), desk.listed.time_zone)
    begin = first or today
    StayDates(begin, last or date.max).check_begin(today)
    dates = StayDates(begin, last or begin + timedelta(days=60))
    dates.check(today)
    hotel = await desk.hotel.current()
    known = [kind.code for kind in hotel.definition.room_types]
    if room_type not in known:
        raise Problem(
            "property.room_type_unknown", f"There is no such room type: choose one of {', '.join(known)}.", field="room_type"
        )
    await settle(desk, "availability", after)
    free = await desk.availability.free(dates, [room_type])
    shortest = min((plan.min_nights for plan in hotel.tariff.plans), default=1)
    response.headers["Ledger-Position"] = str(free.position)
    days = []
    for night in dates:
        left = free.left(room_type, StayDates(night, night + timedelta(days=1)))
        price = lowest_night(hotel, room_type, night)
        days.append(
            {
                "date": night,
                "free": left,
                "from_price": amount(price.total) if price else None,
                "closed": left == 0,
                "min_stay": shortest,
            }
        )
    return {"position": free.position, "room_type": room_type, "dates": days}
