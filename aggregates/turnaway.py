"""Turnaway: somebody asked for rooms and did not book. A coded reason and what was wanted; nothing about the person.

Denials are the hotel's no (sold out, a restriction), regrets the guest's (the price, the policy).
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ledger.event import Event
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

Reason = Literal[
    "sold_out", "type_sold_out", "restriction", "party_too_large", "group_refused",
    "price", "policy", "location", "chose_other_hotel", "just_looking", "other",
]  # fmt: skip
DENIALS = frozenset({"sold_out", "type_sold_out", "restriction", "party_too_large", "group_refused"})


class Turnaway:
    """One enquiry that came to nothing."""

    class Recorded(Event, frozen=True):
        """Rooms were asked for and not booked. `denied`: the hotel said no, not the guest."""

        topic: ClassVar[str] = "turnaway.recorded.v1"
        reason: Reason
        denied: bool
        room_type: str
        dates: StayDates
        rooms: int
        adults: int
        children: int
        asked_on: date

    class Noted(Refusal):
        code = "turnaway.noted"

    def __init__(self) -> None:
        self.is_noted = False

    def record(
        self, *, reason: Reason, room_type: str, dates: StayDates, rooms: int, adults: int, children: int, asked_on: date
    ) -> Event:
        """Note an enquiry once. Raises Noted."""
        if self.is_noted:
            raise Turnaway.Noted("This enquiry is noted already: send a new key for a new one.")
        return Turnaway.Recorded(
            reason=reason, denied=reason in DENIALS, room_type=room_type, dates=dates, rooms=rooms, adults=adults,
            children=children, asked_on=asked_on,
        )  # fmt: skip

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Turnaway.Recorded():
                self.is_noted = True
