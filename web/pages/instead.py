"""What the rooms page shows when everything is taken: nearby dates with what is free then, and stays in two rooms in turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from ledger.stay_dates import StayDates
from queries.alternatives import Alternative, Part
from queries.hotel import Hotel
from queries.offers import Wish
from web.pages.search import Search
from web.templating import date_short

MOST_DATES, MOST_SPLITS = 4, 2


def instead_views(hotel: Hotel, wish: Wish, found: Sequence[Alternative]) -> list[dict[str, Any]]:
    """Show alternatives: each set of dates once, with all that is free then, nearest first; then stays in two rooms."""
    names = {kind.code: kind.name for kind in hotel.definition.room_types}
    by_dates: dict[StayDates, list[Part]] = {}
    for each in found:
        if each.kind == "dates":
            by_dates.setdefault(each.parts[0].dates, []).append(each.parts[0])
    nearest = sorted(by_dates, key=lambda dates: abs((dates.arrival - wish.dates.arrival).days))
    shown = [_on_other_dates(names, wish, by_dates[dates]) for dates in nearest[:MOST_DATES]]
    return shown + [_in_turn(names, wish, each) for each in found if each.kind == "split"][:MOST_SPLITS]


def _on_other_dates(names: dict[str, str], wish: Wish, parts: Sequence[Part]) -> dict[str, Any]:
    lowest = min((part.from_total for part in parts), key=lambda amount: amount.amount_minor)
    return {
        "parts": [{"url": _address(wish, parts[0]), "title": _dates(parts[0])}],
        "words": "Every kind of room" if len(parts) == len(names) else _listed([names[part.room_type] for part in parts]),
        "total": lowest,
        "is_from": True,
    }


def _in_turn(names: dict[str, str], wish: Wish, alternative: Alternative) -> dict[str, Any]:
    """Show a stay in two rooms; each of them is a booking of its own."""
    return {
        "parts": [{"url": _address(wish, part), "title": _dates(part)} for part in alternative.parts],
        "words": "In two rooms, one after the other: " + ", then ".join(names[part.room_type] for part in alternative.parts),
        "total": alternative.from_total,
        "is_from": True,
    }


def _dates(part: Part) -> str:
    return f"{date_short(part.dates.arrival)} to {date_short(part.dates.departure)}"


def _address(wish: Wish, part: Part) -> str:
    search = Search.of(Wish(part.dates, wish.adults, wish.children, wish.rooms))
    return f"/rooms?{urlencode(asdict(search))}"


def _listed(names: Iterable[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last
