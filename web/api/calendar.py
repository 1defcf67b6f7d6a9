"""GET /calendar: date by date, what a room type has to give."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from ledger.clock import local_date
from ledger.stay_dates import StayDates
from queries.calendar import CalendarDay, calendar_of
from web.api.amounts import amount
from web.api.availability import types_asked
from web.doors import After, ReceptionDoor, settle
from web.problems import Problem

router = APIRouter(tags=["availability"])
USUAL_DAYS = 60


@router.get("/calendar")
async def calendar(
    reception: ReceptionDoor, response: Response, room_type: str, after: After = None,
    first: Annotated[date | None, Query(alias="from")] = None, last: Annotated[date | None, Query(alias="to")] = None,
) -> dict[str, Any]:  # fmt: skip
    """Tell, night by night, how many rooms of a type are free and from which price: from `from` to `to`, not included."""
    house, desk = reception.house, reception.desk
    today = local_date(house.clock.now(), desk.listed.time_zone)
    begin = first or today
    if last is not None and last <= begin:
        raise Problem("malformed", "`to` must be after `from`: choose a later day.", field="to")
    StayDates(begin, last or date.max).check_begin(today)
    dates = StayDates(begin, last or begin + timedelta(days=USUAL_DAYS))
    dates.check(today)
    hotel = await desk.hotel.current()
    kinds = types_asked(hotel, room_type)
    await settle(desk, "availability", after)
    found = await desk.availability.days(begin, dates.departure - timedelta(days=1), dates.departure, kinds)
    response.headers["Ledger-Position"] = str(found.position)
    days = calendar_of(hotel, room_type, begin, found.by_type[room_type])
    return {"position": found.position, "room_type": room_type, "dates": [_told(day) for day in days]}


def _told(day: CalendarDay) -> dict[str, Any]:
    return {
        "date": day.night,
        "free": day.free,
        "from_price": amount(day.from_price) if day.from_price else None,
        "closed": day.closed,
        "closed_to_arrival": day.closed_to_arrival,
        "closed_to_departure": day.closed_to_departure,
        "min_stay": day.min_stay,
        "longest_stay": day.longest_stay,
    }
