"""`bench rooms`: simulated years of Ella Resort, and how many of its room-nights each way of assigning rooms sells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from ops.bench.findings import Findings, Kind
from ops.bench.plan import Plan
from ops.bench.simulated_year import PROMISED, WAYS, YEAR, Sold, requests
from ops.bench.site import Site
from ops.property_file import read_property_file

ELLA = Path(__file__).parents[1] / "properties" / "ella.toml"
DEMANDS = (0.9, 1.2, 1.6)
"""Room-nights asked for, over those of the year."""
YEARS, QUICK_YEARS = 20, 1
"""Simulated years of a round; each round draws others."""
KINDS: dict[str, Kind] = {"reshuffle": "ours", "bound": "floor"}


def rooms(_: Site, plan: Plan) -> Findings:
    """Sell the same years in each way. Raises NotTrue when a night would have two holders."""
    findings = Findings("rooms")
    types = rooms_by_type()
    years = QUICK_YEARS if plan.quick else YEARS
    for demand in DEMANDS:
        plan.say(f"{plan.repeats} x {years} years at {demand} of capacity")
        rounds = [_sell(types, demand, range(number * years, (number + 1) * years)) for number in range(plan.repeats)]
        capacity = sum(types.values()) * YEAR * years
        percent = {way: [100 * sold[way].nights / capacity for sold in rounds] for way in WAYS}
        for way in WAYS:
            details = _moves(sum((sold[way].moves for sold in rounds), Counter()))
            findings.add(f"{way}, demand {demand}", percent[way], "% of room-nights sold", KINDS.get(way, "peer"), **details)
        findings.relate(f"rooms_vs_bound_{demand}", percent["reshuffle"], percent["bound"])
        above = [ours - best for ours, best in zip(percent["reshuffle"], percent["best fit"], strict=True)]
        findings.ratios[f"rooms_points_above_best_fit_{demand}"] = round(sorted(above)[len(above) // 2], 3)
    findings.remark(
        f"{sum(types.values())} rooms of {len(types)} types; stays of 1 to 7 nights, asked for up to 120 days ahead;"
        f" {PROMISED:.0%} of the stays are promised their room, and whoever has arrived or arrives that day is not moved."
    )
    return findings


def rooms_by_type() -> dict[str, int]:
    """Count the rooms of each type of Ella Resort."""
    return dict(Counter(room.room_type for room in read_property_file(ELLA).definition.rooms))


def _sell(types: dict[str, int], demand: float, years: range) -> dict[str, Sold]:
    """Add up, by way, what the years bring to all types; every way gets the same requests."""
    whole = {way: Sold() for way in WAYS}
    for year in years:
        for name, count in types.items():
            asked = requests(Random(f"{name}/{demand}/{year}"), count, demand)  # noqa: S311 - a simulation, the same each time
            for way, sell in WAYS.items():
                sold = sell(count, asked)
                whole[way].nights += sold.nights
                whole[way].moves += sold.moves
                whole[way].missed += sold.missed
    return whole


def _moves(moves: Counter[int]) -> dict[str, float]:
    """Tell how often room was made and how many moves it took: on average, at most, and the share of at most three."""
    times = moves.total()
    if not times:
        return {}
    few = sum(count for number, count in moves.items() if number <= 3)  # noqa: PLR2004 - as the detail says
    return {
        "room_made": times,
        "moves_on_average": round(sum(number * count for number, count in moves.items()) / times, 2),
        "moves_at_most": max(moves),
        "up_to_3_moves_percent": round(100 * few / times, 1),
    }
