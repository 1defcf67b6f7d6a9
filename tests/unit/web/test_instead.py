"""How the rooms page lists what is free instead."""

from __future__ import annotations

from datetime import timedelta

from aggregates.property import Property
from aggregates.rates import Rates
from projections.hotel import hotel_of
from queries.alternatives import Alternative, Part
from queries.offers import Wish
from tests.examples import ARRIVAL, HOTEL, TARIFF, dates, usd
from web.pages.instead import instead_views

WISH = Wish(dates(2), 2, 1, 1)


def shifted(days: int, room_type: str, amount: int = 100) -> Alternative:
    return Alternative("dates", (Part(room_type, dates(2, ARRIVAL + timedelta(days=days)), usd(amount)),))


def views(*found: Alternative) -> list[dict[str, object]]:
    hotel = hotel_of([Property.Opened(definition=HOTEL), Rates.Published(tariff=TARIFF)])
    assert hotel is not None
    return instead_views(hotel, WISH, found)


def test_dates_are_listed_once_with_all_that_is_free_and_the_lowest_price() -> None:
    shown = views(shifted(1, "garden", 300), shifted(1, "villa", 200))
    assert [(each["words"], each["total"], each["is_from"]) for each in shown] == [("Every kind of room", usd(200), True)]
    assert shown[0]["parts"] == [
        {"url": "/rooms?arrival=2126-03-11&departure=2126-03-13&adults=2&children=1&rooms=1", "title": "11 Mar to 13 Mar"}
    ]


def test_the_nearest_dates_come_first_and_only_a_few() -> None:
    shown = views(*(shifted(days, "garden") for days in (5, -1, 2, -3, 7, 6)))
    titles = [each["parts"][0]["title"] for each in shown]  # type: ignore[index]  # a list of links, as the templates take it
    assert titles == ["9 Mar to 11 Mar", "12 Mar to 14 Mar", "7 Mar to 9 Mar", "15 Mar to 17 Mar"]
    assert {each["words"] for each in shown} == {"Garden Room"}


def test_a_stay_in_two_rooms_has_two_links_and_one_price() -> None:
    first, second = dates(1), dates(1, ARRIVAL + timedelta(days=1))
    shown = views(Alternative("split", (Part("garden", first, usd(100)), Part("villa", second, usd(250)))))
    assert shown[0]["words"] == "In two rooms, one after the other: Garden Room, then Pool Villa"
    assert shown[0]["total"] == usd(350)
    assert len(shown[0]["parts"]) == 2  # type: ignore[arg-type]  # a list of links, as the templates take it


def test_nothing_is_shown_when_nothing_is_free() -> None:
    assert views() == []
