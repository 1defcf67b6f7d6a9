"""The calendar of a room type: free rooms and lengths from the numbers, closed dates from the hotel's restrictions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.property import Property
from aggregates.rates import Rates
from ledger.restrictions import Restriction
from ledger.stay_dates import LONGEST_STAY_NIGHTS
from ops.bench.hotel import scratch_hotel
from projections.from_date import unpacked
from projections.hotel import hotel_of
from projections.room_runs import RoomRuns, Span
from queries.calendar import CalendarDay, calendar_of

FIRST = date(2027, 3, 1)
PLANS = ("flexible", "saver")
DAYS = 5


def calendar(*rooms: str, restrictions: tuple[Restriction, ...] = ()) -> list[CalendarDay]:
    """Give the first days of a house whose rooms are texts with a # for every night that is taken."""
    file = scratch_hotel("small", len(rooms))
    tariff = replace(file.tariff, restrictions=restrictions)
    hotel = hotel_of([Property.Opened(definition=file.definition), Rates.Published(tariff=tariff)])
    assert hotel is not None
    bits = {str(room): sum(1 << place for place, mark in enumerate(text) if mark == "#") for room, text in enumerate(rooms)}
    numbers = unpacked(len(rooms), RoomRuns(list(bits), bits).packed(Span(0, DAYS - 1)))
    return list(calendar_of(hotel, "standard", FIRST, numbers))


def test_free_rooms_and_the_longest_stay() -> None:
    told = calendar("..#..", "#.#..")
    assert [day.night for day in told] == [FIRST + timedelta(days=number) for number in range(DAYS)]
    assert [day.free for day in told] == [1, 2, 0, 2, 2]
    assert [day.closed for day in told] == [False, False, True, False, False]
    assert [day.longest_stay for day in told] == [2, 1, 0, LONGEST_STAY_NIGHTS, LONGEST_STAY_NIGHTS]
    assert {day.min_stay for day in told} == {1}
    assert all(day.from_price and day.from_price.amount_minor > 0 for day in told)


@pytest.mark.parametrize(
    ("rules", "name", "all_plans", "one_plan"),
    [
        ({"stop_sell": True}, "closed", True, False),
        ({"closed_to_arrival": True}, "closed_to_arrival", True, False),
        ({"closed_to_departure": True}, "closed_to_departure", True, False),
        ({"min_nights": 3}, "min_stay", 3, 1),
        ({"min_nights_through": 4}, "min_stay", 4, 1),
    ],
)
def test_what_holds_for_every_plan_is_told(rules: dict[str, Any], name: str, all_plans: object, one_plan: object) -> None:
    day = FIRST + timedelta(days=2)
    for plan, value in (("", all_plans), (PLANS[0], one_plan)):
        told = calendar(".....", restrictions=(Restriction(first=day, last=day, rate_plan=plan, **rules),))
        others = {getattr(each, name) for each in told if each.night != day}
        assert getattr(told[2], name) == value
        assert others == {1 if name == "min_stay" else False}


def test_a_plan_that_is_not_sold_does_not_shorten_the_stay() -> None:
    rows = (
        Restriction(first=FIRST, last=FIRST, rate_plan=PLANS[0], min_nights=5),
        Restriction(first=FIRST, last=FIRST, rate_plan=PLANS[1], stop_sell=True),
    )
    assert calendar(".....", restrictions=rows)[0].min_stay == 5
