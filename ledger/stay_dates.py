"""The dates of a stay: property-local, half-open [arrival, departure)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from ledger.refusal import Refusal

LONGEST_STAY_NIGHTS = 365
LONGEST_LEAD_DAYS = 1100
"""How far ahead a stay may begin: three years."""


class StayDates(Struct, frozen=True, gc=False):
    """Nights from `arrival` up to, not including, `departure`."""

    arrival: date
    departure: date

    class NotAfterArrival(Refusal):
        code = "dates.departure_not_after_arrival"
        field = "departure"

    class TooLong(Refusal):
        code = "dates.too_long"
        field = "departure"

    class Past(Refusal):
        code = "dates.past"
        field = "arrival"

    class TooFar(Refusal):
        code = "dates.too_far"
        field = "arrival"

    @property
    def nights(self) -> int:
        """How many nights the stay has."""
        return (self.departure - self.arrival).days

    def __iter__(self) -> Iterator[date]:
        return map(date.fromordinal, range(self.arrival.toordinal(), self.departure.toordinal()))

    def check(self, today: date) -> None:
        """Refuse dates nobody can stay on. `today`: the property's own date. Raises NotAfterArrival, TooLong, Past, TooFar."""
        if self.nights < 1:
            raise StayDates.NotAfterArrival("Departure must be after arrival: choose a later departure date.")
        if self.nights > LONGEST_STAY_NIGHTS:
            raise StayDates.TooLong(
                f"A stay may have at most {LONGEST_STAY_NIGHTS} nights, this one has {self.nights}: book it in parts."
            )
        self.check_begin(today)

    def check_begin(self, today: date) -> None:
        """Refuse an arrival that is over or too far ahead. Raises Past, TooFar."""
        if self.arrival < today:
            raise StayDates.Past(f"Arrival {self.arrival} is in the past: the earliest arrival is today, {today}.")
        if (self.arrival - today).days > LONGEST_LEAD_DAYS:
            raise StayDates.TooFar(
                f"Arrival {self.arrival} is too far ahead: stays can be booked up to {LONGEST_LEAD_DAYS} days ahead."
            )
