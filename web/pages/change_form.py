"""What a guest wants to be different about a stay: read from the address, shown in the form again, said in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from ledger.stay_dates import StayDates
from queries.hotel import Hotel
from queries.offers import Wish
from web.pages.search import read_search

FIELDS = ("arrival", "departure", "adults", "children", "room_type", "rate_plan")
CHOSEN = {"room_type": "Please choose one of the rooms.", "rate_plan": "Please choose one of the rates."}
Errors = list[dict[str, str]]


@dataclass(frozen=True)
class Wanted:
    """A stay as the guest wants it; as it is booked when nothing was chosen yet."""

    arrival: date | str
    departure: date | str
    adults: int | str
    children: int | str
    room_type: str
    rate_plan: str

    @classmethod
    def of(cls, booked: Any) -> Wanted:
        """Want what is booked."""
        return cls(
            booked.dates.arrival, booked.dates.departure, booked.adults, booked.children, booked.room_type, booked.rate_plan
        )

    @property
    def query(self) -> str:
        """The same, as it stands in an address."""
        return urlencode(asdict(self))

    def with_dates(self, dates: StayDates) -> Wanted:
        """Want other dates."""
        return Wanted(dates.arrival, dates.departure, self.adults, self.children, self.room_type, self.rate_plan)

    def with_type(self, room_type: str) -> Wanted:
        """Want another room type."""
        return Wanted(self.arrival, self.departure, self.adults, self.children, room_type, self.rate_plan)


def read_wanted(hotel: Hotel, booked: Any, given: dict[str, str], today: date) -> tuple[Wanted, Wish | None, Errors]:
    """Read what is wanted: (as shown again, as meant, errors). Without errors there is a meaning."""
    before = {name: str(value) for name, value in asdict(Wanted.of(booked)).items()}
    whole = {name: given.get(name) or before[name] for name in FIELDS}
    codes = {
        "room_type": [kind.code for kind in hotel.definition.room_types],
        "rate_plan": [plan.code for plan in hotel.tariff.plans],
    }
    search, wish, errors = read_search(today, rooms="1", **{name: whole[name] for name in FIELDS[:4]})
    errors += [{"field": name, "message": CHOSEN[name]} for name, known in codes.items() if whole[name] not in known]
    wanted = Wanted(search.arrival, search.departure, search.adults, search.children, whole["room_type"], whole["rate_plan"])
    return wanted, None if errors else wish, errors
