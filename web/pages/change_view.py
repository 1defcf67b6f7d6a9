"""What a change of a stay would mean, in plain values: what differs, what it costs, whether it is free, and what is instead.

A price that is shown here is the one that the command works out; whether a room is really there, only the command says.
"""

from __future__ import annotations

from typing import Any

from commands.change_stay import ChangeStay
from commands.pricing_again import preview
from ledger.money import Money, at_least_nothing
from ledger.price import cancellation_fee
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates
from queries.alternatives import Alternative, alternatives_for
from queries.bookings import kept_of
from queries.offers import Wish, types_for
from web.pages.booking_view import booked_view
from web.pages.change_form import Wanted
from web.pages.mine import Mine
from web.templating import date_long

MOST_OF_A_KIND = 3
"""Other dates and other rooms that are proposed at most, each; a longer list is no help."""


def what_is_wrong(mine: Mine, row: Any, wanted: Wanted, wish: Wish) -> dict[str, str] | None:
    """Say what cannot be, before a price is shown for it; nothing when all is well."""
    if wanted == Wanted.of(row.booked):
        return {"field": "arrival", "message": "Nothing is different yet: choose what shall change."}
    if wanted.room_type not in types_for(mine.hotel, wish):
        return {"field": "room_type", "message": "This room is too small for so many people: choose a larger one."}
    if cancellation_fee(row.booked.price, mine.now).amount_minor and not _only_adds(row.booked, wanted, wish):
        message = (
            "Your rate cannot be cancelled free of charge any more, so only nights can be added here. For all else, call us."
        )
        return {"field": "arrival", "message": message}
    return None


def _only_adds(booked: Any, wanted: Wanted, wish: Wish) -> bool:
    same = (booked.room_type, booked.rate_plan) == (wanted.room_type, wanted.rate_plan)
    return bool(same and wish.dates.arrival <= booked.dates.arrival and wish.dates.departure >= booked.dates.departure)


async def is_free(mine: Mine, row: Any, wanted: Wanted, wish: Wish) -> bool:
    """Tell whether the stay can probably be had: its own nights count as free, the new ones must be."""
    same_type = row.booked.room_type == wanted.room_type
    for dates in _new_nights(row.booked.dates, wish.dates) if same_type else [wish.dates]:
        free = await mine.desk.availability.free(dates, [wanted.room_type])
        if free.at_most(wanted.room_type) < 1:
            return False
    return True


def _new_nights(before: StayDates, after: StayDates) -> list[StayDates]:
    """Cut the nights out that are booked already."""
    if after.departure <= before.arrival or after.arrival >= before.departure:
        return [after]
    parts = [StayDates(after.arrival, before.arrival), StayDates(before.departure, after.departure)]
    return [part for part in parts if part.nights > 0]


async def free_instead(mine: Mine, row: Any, wanted: Wanted, wish: Wish, address: str) -> list[dict[str, Any]]:
    """List what is free instead, each with what the stay would cost then and the address that shows it."""
    found = await alternatives_for(mine.desk.availability, mine.hotel, wish, mine.today, [wanted.room_type])
    shown: list[dict[str, Any]] = []
    for kind in ("dates", "room_type"):
        offers = (_offer(mine, row, wanted, each, address) for each in found if each.kind == kind)
        shown += [offer for offer in offers if offer][:MOST_OF_A_KIND]
    return shown


def _offer(mine: Mine, row: Any, wanted: Wanted, instead: Alternative, address: str) -> dict[str, Any] | None:
    part = instead.parts[0]
    other = wanted.with_dates(part.dates).with_type(part.room_type)
    command = ChangeStay(
        reservation_id=mine.reservation_id, stay_id=row.booked.stay_id, arrival=part.dates.arrival,
        departure=part.dates.departure, adults=int(wanted.adults), children=int(wanted.children),
        room_type=part.room_type, rate_plan=wanted.rate_plan,
    )  # fmt: skip
    try:
        would_be = preview(row.booked, command, mine.hotel.tariff, mine.today)
    except Refusal:
        return None  # this rate is not sold like that: it is no alternative
    if what_is_wrong(mine, row, other, Wish(part.dates, int(wanted.adults), int(wanted.children), 1)):
        return None
    view = booked_view(mine, would_be.stay)
    dates = f"{date_long(part.dates.arrival)} to {date_long(part.dates.departure)}"
    title, words = (view["room_type"]["name"], dates) if instead.kind == "room_type" else (dates, view["room_type"]["name"])
    parts = [{"url": f"{address}?{other.query}", "title": title}]
    return {"parts": parts, "words": words, "total": would_be.after, "is_from": False}


def rows_of(mine: Mine, before: Any, after: Any) -> list[dict[str, Any]]:
    """List what a stay is and would be, thing by thing."""
    was, now = booked_view(mine, before), booked_view(mine, after)
    told = (
        ("Arrive", lambda stay: date_long(stay["arrival"])),
        ("Leave", lambda stay: date_long(stay["departure"])),
        ("Nights", lambda stay: str(stay["nights"])),
        ("Room", lambda stay: stay["room_type"]["name"]),
        ("People", lambda stay: _people(stay["adults"], stay["children"])),
        ("Rate", lambda stay: stay["rate_plan_name"]),
    )
    return [{"label": label, "before": say(was), "after": say(now), "same": say(was) == say(now)} for label, say in told]


def _people(adults: int, children: int) -> str:
    words = "1 adult" if adults == 1 else f"{adults} adults"
    return words if not children else f"{words}, {children} {'child' if children == 1 else 'children'}"


def sums_of(mine: Mine, difference: Money) -> dict[str, Money]:
    """Work out what the booking would cost in all, and what would be left to pay or go back."""
    kept, owed = kept_of(mine.found), mine.booking.owed + difference
    return {
        "difference": difference,
        "absolute": Money(abs(difference.amount_minor), difference.currency),
        "total": owed,
        "paid": kept,
        "balance": at_least_nothing(owed - kept),
        "refund": at_least_nothing(kept - owed),
    }
