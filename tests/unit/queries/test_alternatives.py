"""What is proposed when everything asked for is full, on a small hotel whose nights are drawn as text."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from aggregates.property import Property
from aggregates.rates import Rates
from ledger.restrictions import Restriction
from ledger.stay_dates import StayDates
from ops.bench.hotel import scratch_hotel
from projections.from_date import unpacked
from projections.hotel import Hotel, hotel_of
from projections.room_runs import RoomRuns, Span
from queries.alternatives import Alternative, among
from queries.availability import DaysByType
from queries.offers import Wish

FIRST = date(2027, 3, 1)
KINDS = ("lake", "villa")
DAYS = 30


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def hotel(*restrictions: Restriction) -> Hotel:
    file = scratch_hotel("small", 4, KINDS)
    tariff = replace(file.tariff, restrictions=restrictions)
    found = hotel_of([Property.Opened(definition=file.definition), Rates.Published(tariff=tariff)])
    assert found is not None
    return found


def proposed(
    wish: tuple[int, int], *, lake: list[str], villa: list[str], rooms: int = 1, wanted: tuple[str, ...] = (),
    restrictions: tuple[Restriction, ...] = (),
) -> list[tuple[str, list[tuple[str, int, int]]]]:  # fmt: skip
    """Give (kind, parts) of what is proposed; each room is a text with a # for every night that is taken."""
    by_type = {}
    for kind, nights in (("lake", lake), ("villa", villa)):
        bits = {
            str(room): sum(1 << place for place, mark in enumerate(text) if mark == "#") for room, text in enumerate(nights)
        }
        by_type[kind] = unpacked(len(nights), RoomRuns(list(bits), bits).packed(Span(0, DAYS)))
    search = Wish(StayDates(day(wish[0]), day(wish[1])), 2, 0, rooms)
    found = among(DaysByType(1, by_type), FIRST, hotel(*restrictions), search, wanted)
    return [(each.kind, parts(each)) for each in found]


def parts(found: Alternative) -> list[tuple[str, int, int]]:
    return [(part.room_type, (part.dates.arrival - FIRST).days, (part.dates.departure - FIRST).days) for part in found.parts]


FULL = "#" * DAYS


def test_nothing_is_proposed_in_a_full_house() -> None:
    assert proposed((10, 12), lake=[FULL, FULL], villa=[FULL]) == []


def test_another_type_comes_before_other_dates() -> None:
    free_late = "#" * 12 + "." * (DAYS - 12)
    assert proposed((10, 12), lake=[free_late], villa=["." * DAYS], wanted=("lake",)) == [
        ("room_type", [("villa", 10, 12)]),
        ("dates", [("lake", 12, 14)]),
        ("dates", [("lake", 13, 15)]),
        ("dates", [("lake", 14, 16)]),
    ]


def test_the_nearest_dates_come_first_later_before_earlier() -> None:
    around = "." * 10 + "##" + "." * (DAYS - 12)
    assert proposed((10, 12), lake=[around], villa=[FULL]) == [
        ("dates", [("lake", 12, 14)]),
        ("dates", [("lake", 8, 10)]),
        ("dates", [("lake", 13, 15)]),
    ]


@pytest.mark.parametrize(("free_from", "found"), [(17, True), (18, False)])
def test_dates_are_looked_at_a_week_around(free_from: int, found: bool) -> None:
    assert bool(proposed((10, 12), lake=["#" * free_from], villa=[FULL])) is found


def test_a_stay_is_split_over_two_rooms_as_late_as_can_be() -> None:
    first, second = "." * 13 + "#" * 17, "#" * 12 + "." * 4 + "#" * 14
    assert ("split", [("lake", 10, 13), ("lake", 13, 16)]) in proposed((10, 16), lake=[first, second], villa=[FULL])


def test_the_second_room_may_be_of_another_type() -> None:
    first, second = "." * 13 + "#" * 17, "#" * 13 + "." * 3 + "#" * 14
    assert proposed((10, 16), lake=[first], villa=[second])[-1] == ("split", [("lake", 10, 13), ("villa", 13, 16)])


def test_several_rooms_are_split_together() -> None:
    first, second = "." * 13 + "#" * 17, "#" * 12 + "." * 4 + "#" * 14
    assert proposed((10, 16), lake=[first, second], villa=[FULL], rooms=2) == []
    assert proposed((10, 16), lake=[first, first, second, second], villa=[FULL], rooms=2)[-1] == (
        "split", [("lake", 10, 13), ("lake", 13, 16)],
    )  # fmt: skip


def test_what_the_hotel_does_not_sell_is_not_proposed() -> None:
    around = "." * 10 + "##" + "." * (DAYS - 12)
    later = Restriction(first=day(12), last=day(DAYS), closed_to_arrival=True)
    assert proposed((10, 12), lake=[around], villa=[FULL], restrictions=(later,)) == [
        ("dates", [("lake", 8, 10)]),
        ("dates", [("lake", 7, 9)]),
        ("dates", [("lake", 6, 8)]),
    ]
