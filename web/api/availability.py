"""GET /availability and /calendar: what is free, for how much. Nothing is written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from ledger.clock import local_date
from ledger.stay_dates import StayDates
from queries.offers import PlanOffer, TypeOffer, Wish, lowest_night, offers_for
from web.api.amounts import amount, lines_by_night
from web.doors import After, DeskDoor, HouseDoor, settle
from web.house import Desk, House
from web.problems import Problem

router = APIRouter(tags=["availability"])
LONGEST_CALENDAR_DAYS = 400
Count = Annotated[int, Query(ge=0, le=20)]


@router.get("/availability")
async def availability(
    house: HouseDoor, desk: DeskDoor, response: Response, arrival: date, departure: date,
    adults: Annotated[int, Query(ge=1, le=20)] = 2, children: Count = 0,
    rooms: Annotated[int, Query(ge=1, le=9)] = 1, after: After = None,
) -> dict[str, Any]:  # fmt: skip
    """List what can be booked. Adults and children are the party of each room; totals are for all rooms."""
    wish = Wish(StayDates(arrival, departure), adults, children, rooms)
    wish.dates.check(local_date(house.clock.now(), desk.listed.time_zone))
    await settle(desk, "availability", after)
    free = await desk.availability.free(wish.dates)
    offers = offers_for(await desk.hotel.current(), free, wish)
    response.headers["Ledger-Position"] = str(free.position)
    return {
        "position": free.position,
        "arrival": arrival,
        "departure": departure,
        "nights": wish.dates.nights,
        "offers": [offer_json(house, desk, wish, kind, plan) for kind in offers for plan in kind.plans],
        "sold_out": [kind.room_type.code for kind in offers if not kind.plans and kind.rooms_left < rooms],
    }


def offer_json(house: House, desk: Desk, wish: Wish, kind: TypeOffer, offer: PlanOffer) -> dict[str, Any]:
    """Write one offer, with a signed quote of it."""
    price = offer.price
    return {
        "room_type": kind.room_type.code,
        "room_type_name": kind.room_type.name,
        "rate_plan": offer.plan.code,
        "rate_plan_name": offer.plan.name,
        "rooms_left": kind.rooms_left,
        "nights": [{"date": night, "amount": amount(value)} for night, value in lines_by_night(price)],
        "room_total": amount(price.room_total, wish.rooms),
        "taxes": [{"code": tax.code, "name": tax.name, "amount": amount(tax.amount, wish.rooms)} for tax in price.taxes],
        "total": amount(price.total, wish.rooms),
        "pay_now": amount(price.pay_now, wish.rooms),
        "policy": {"name": price.policy.name, "text": price.policy.text, "free_until": price.policy.free_until},
        "quote_id": quote_id(house, desk, wish, kind.room_type.code, offer),
    }


def quote_id(house: House, desk: Desk, wish: Wish, room_type: str, offer: PlanOffer) -> str:
    """Sign what was offered, so that it can be held at this price."""
    return house.links.quote(
        {
            "property": desk.listed.code,
            "room_type": room_type,
            "rate_plan": offer.plan.code,
            "arrival": wish.dates.arrival.isoformat(),
            "departure": wish.dates.departure.isoformat(),
            "adults": wish.adults,
            "children": wish.children,
            "rooms": wish.rooms,
            "total": offer.price.total.amount_minor * wish.rooms,
            "currency": offer.price.total.currency,
        },
        house.clock.now(),
    )


@router.get("/calendar")
async def calendar(
    house: HouseDoor, desk: DeskDoor, response: Response, room_type: str, after: After = None,
    first: Annotated[date | None, Query(alias="from")] = None, last: Annotated[date | None, Query(alias="to")] = None,
) -> dict[str, Any]:  # fmt: skip
    """Tell, night by night from `from` to `to` (not included), how many rooms of a type are free and from which price."""
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
