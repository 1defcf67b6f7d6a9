"""Simulated years: the ways of assigning rooms stand in their order, nobody shares a room, and the page tells all of it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from commands.assignment import Lodged
from ops.bench import rooms_page, simulated_year
from ops.bench.checks import NotTrue
from ops.bench.findings import Findings
from ops.bench.rooms import DEMANDS, rooms_by_type
from ops.bench.simulated_year import WAYS, YEAR, House, Request, requests


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - a simulation, the same each time


def test_ella_has_forty_rooms_of_six_types() -> None:
    assert sorted(rooms_by_type().values()) == [2, 4, 5, 7, 10, 12]


@pytest.mark.parametrize("demand", DEMANDS)
def test_requests_ask_for_as_many_nights_as_the_demand_says(demand: float) -> None:
    drawn = requests(seeded(1), 5, demand)
    assert demand * 5 * YEAR <= sum(each.end - each.first for each in drawn) < demand * 5 * YEAR + 7
    assert drawn == sorted(drawn)
    assert all(0 <= each.first < each.end <= YEAR and each.made_on <= each.first for each in drawn)


def test_no_way_sells_more_than_the_bound_and_reshuffling_comes_closest() -> None:
    year = requests(seeded(2), 7, 1.2)
    first, best, reshuffled, bound = (WAYS[way](7, year).nights for way in ("first fit", "best fit", "reshuffle", "bound"))
    assert first <= best < reshuffled <= bound
    assert reshuffled >= 0.99 * bound


def test_crossed_stays_make_room_unless_one_is_promised_or_has_come() -> None:
    """Two rooms, one guest on the first nights, one on the last; a third wants all of them."""

    def sold(*year: Request) -> int:
        return WAYS["reshuffle"](2, year).nights

    block = Request(-90, 9, 12, promised=False)
    early, late = Request(-80, 0, 3, promised=False), Request(-70, 3, 9, promised=False)
    assert sold(early, late, Request(-60, 0, 9, promised=False)) == 18
    assert sold(block, early, late, Request(-60, 0, 12, promised=False)) == 3 + 3 + 6 + 12


def test_a_room_given_twice_makes_the_simulation_void() -> None:
    house = House(1)
    house.lodge(1, Lodged(1, 0, 3, 5))
    with pytest.raises(NotTrue, match="given to two stays"):
        house.lodge(2, Lodged(2, 0, 4, 6))


def test_the_page_begins_with_its_picture_and_tells_every_demand(tmp_path: Path) -> None:
    findings = Findings("rooms", measured_at="2026-01-02T03:04:05+00:00")
    for demand in DEMANDS:
        for place, way in enumerate(simulated_year.WAYS):
            findings.add(f"{way}, demand {demand}", [70.0 + place], "% of room-nights sold")
        findings.ratios |= {f"rooms_vs_bound_{demand}": 0.995, f"rooms_points_above_best_fit_{demand}": 1.0}
    rooms_page.write(findings, tmp_path)
    text = (tmp_path / rooms_page.PAGE).read_text("utf-8")
    assert text.index("![") < text.index("A stay needs")
    assert "| 1.2 | 70.0 % | 71.0 % | 72.0 % | 73.0 % | 99.5 % | +1.00 |" in text
    assert "reshuffle" in (tmp_path / rooms_page.CHART).read_text("utf-8")
