"""What a stay costs when it is changed: a pure function for the command that changes it and for everyone who previews it.

Nights that stay keep the price that was agreed while plan, type and party stay the same; everything else is priced by the
tariff of today, and the policy is copied from the plan again.
"""

from __future__ import annotations

from datetime import date
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from ledger.money import Money
from ledger.price import PriceLine, StayPrice
from ledger.stay import BookedStay
from ledger.stay_dates import StayDates


class Wish(Protocol):
    """What is to be another one; None for what stays."""

    @property
    def arrival(self) -> date | None:
        """First night."""

    @property
    def departure(self) -> date | None:
        """Day of leaving."""

    @property
    def adults(self) -> int | None:
        """Adults in the room."""

    @property
    def children(self) -> int | None:
        """Children in the room."""

    @property
    def room_type(self) -> str | None:
        """Code of the room type."""

    @property
    def rate_plan(self) -> str | None:
        """Code of the rate plan."""


class Pricing(Protocol):
    """What prices stays: a tariff, or the rates in force."""

    def price(
        self, *, room_type: str, rate_plan: str, dates: StayDates, adults: int, children: int,
        agreed: tuple[PriceLine, ...] = (),
    ) -> StayPrice:  # fmt: skip
        """Say what a stay costs; the nights of `agreed` lines cost what those say."""


class Preview(Struct, frozen=True, gc=False):
    """What a change would do: the stay as it would be, and its price less the one before."""

    stay: BookedStay
    before: Money
    after: Money
    difference: Money
    reason: str


def dates_of(booked: BookedStay, wish: Wish) -> StayDates:
    """Give the dates that are wished for."""
    return StayDates(wish.arrival or booked.dates.arrival, wish.departure or booked.dates.departure)


def check_dates(booked: BookedStay, dates: StayDates, today: date) -> None:
    """Refuse dates nobody can change to; an arrival that stays may be past. Raises the refusals of StayDates, in order."""
    dates.check(today if dates.arrival != booked.dates.arrival else dates.arrival)
    if dates.departure < today:
        raise StayDates.Past(f"Departure {dates.departure} is in the past: the earliest departure is today, {today}.")


def priced_again(booked: BookedStay, wish: Wish, pricing: Pricing, today: date) -> BookedStay:
    """Give the stay as wished for, priced again; its room is not chosen again. `today` is the property's date.

    Raises the refusals of StayDates, then Rates.Unpriced, PlanUnknown, TooShort.
    """
    dates = dates_of(booked, wish)
    check_dates(booked, dates, today)
    wished = replace(
        booked, dates=dates, room_type=wish.room_type or booked.room_type, rate_plan=wish.rate_plan or booked.rate_plan,
        adults=booked.adults if wish.adults is None else wish.adults,
        children=booked.children if wish.children is None else wish.children,
    )  # fmt: skip
    if wished == booked:
        return booked
    same = replace(wished, dates=booked.dates) == booked
    agreed = tuple(line for line in booked.price.lines if line.stay_date in set(dates)) if same else ()
    price = pricing.price(
        room_type=wished.room_type, rate_plan=wished.rate_plan, dates=dates, adults=wished.adults,
        children=wished.children, agreed=agreed,
    )  # fmt: skip
    return replace(wished, price=price)


def preview(booked: BookedStay, wish: Wish, pricing: Pricing, today: date) -> Preview:
    """Say what a change would do, without looking for a room. Raises as `priced_again`."""
    stay = priced_again(booked, wish, pricing, today)
    before, after = booked.price.total, stay.price.total
    return Preview(stay, before, after, after - before, reason_of(booked, stay))


def reason_of(before: BookedStay, after: BookedStay) -> str:
    """Name what was changed: dates, party, room_type, rate_plan, or several of them."""
    changed = {
        "dates": before.dates != after.dates,
        "party": (before.adults, before.children) != (after.adults, after.children),
        "room_type": before.room_type != after.room_type,
        "rate_plan": before.rate_plan != after.rate_plan,
    }
    names = [name for name, is_changed in changed.items() if is_changed]
    return names[0] if len(names) == 1 else "several"
