"""What a guest searched for: read from the address, with one clear line for each thing that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ledger.refusal import Refusal
from ledger.stay_dates import StayDates
from queries.offers import Wish

MOST = {"adults": 20, "children": 20, "rooms": 9}
LEAST = {"adults": 1, "children": 0, "rooms": 1}


@dataclass(frozen=True)
class Search:
    """The search as the form shows it again, right or wrong."""

    arrival: date | str
    departure: date | str
    adults: int | str
    children: int | str
    rooms: int | str

    @classmethod
    def default(cls, today: date) -> Search:
        """Suggest two nights in two weeks for two."""
        return cls(today + timedelta(days=14), today + timedelta(days=16), 2, 0, 1)

    @classmethod
    def of(cls, wish: Wish) -> Search:
        """Show a search that made sense."""
        return cls(wish.dates.arrival, wish.dates.departure, wish.adults, wish.children, wish.rooms)


def read_search(today: date, **given: str) -> tuple[Search, Wish | None, list[dict[str, str]]]:
    """Read a search: (as shown again, as meant, errors). Without errors there is a meaning."""
    errors: list[dict[str, str]] = []
    dates = {name: _date(name, given[name], errors) for name in ("arrival", "departure")}
    counts = {name: _count(name, given[name], errors) for name in MOST}
    arrival, departure = dates["arrival"], dates["departure"]
    if arrival is not None and departure is not None:
        try:
            StayDates(arrival, departure).check(today)
        except Refusal as refusal:
            errors.append({"field": refusal.field or "arrival", "message": refusal.message})
    shown = Search(
        arrival or given["arrival"], departure or given["departure"], given["adults"], given["children"], given["rooms"]
    )
    if errors or arrival is None or departure is None:
        return shown, None, errors
    wish = Wish(StayDates(arrival, departure), counts["adults"], counts["children"], counts["rooms"])
    return Search.of(wish), wish, []


def _date(name: str, text: str, errors: list[dict[str, str]]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors.append({"field": name, "message": f"Please choose the {name} date, such as 2026-12-24."})
        return None


def _count(name: str, text: str, errors: list[dict[str, str]]) -> int:
    if text.isascii() and text.isdigit() and LEAST[name] <= int(text) <= MOST[name]:
        return int(text)
    errors.append({"field": name, "message": f"Please choose a number of {name} from {LEAST[name]} to {MOST[name]}."})
    return LEAST[name]
