"""What the confirmation file says, line by line, from the same values as the booking page; not how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ledger.money import Money
from web.templating import date_long, hotel_time, money

Kind = Literal["title", "heading", "text", "strong", "row", "sum", "small"]
TITLES = {
    "held": "Held for you, not yet confirmed", "cancelled": "Cancelled booking", "no_show": "Booking that was not used",
    "expired": "Hold that has run out", "released": "Hold that was given back",
}  # fmt: skip
UNUSED = frozenset({"expired", "released"})
KEPT_IN_PART = frozenset({"cancelled", "no_show"})
REFUND_WORDS = {"done": "done", "on_its_way": "on its way"}


@dataclass(frozen=True)
class Line:
    """One line or paragraph; `amount` stands at its right."""

    kind: Kind
    text: str
    amount: str = ""


def lines_of(reservation: Mapping[str, Any], house: Any) -> Iterator[Line]:
    """Say everything below the letter head. `reservation` as `reservation_view` shows it, `house` the property."""
    yield Line("title", TITLES.get(reservation["state"], "Your booking"))
    if reservation["erased_at"]:
        yield Line("text", "The personal details of this booking were erased, as its guest asked.")
    else:
        yield Line("text", f"for {reservation['guest']['name']}")
    if reservation["state"] == "held":
        yield Line("text", f"Held until {hotel_time(reservation['held_until'], house.time_zone)}.")
    for stay in reservation["stays"]:
        yield from _stay(stay, house)
    if reservation["given_up"]:
        yield Line("heading", "Not part of it any more")
        for stay in reservation["given_up"]:
            yield _given_up(stay)
    yield Line("heading", "Payments")
    yield from _money(reservation, house)


def _stay(stay: Mapping[str, Any], house: Any) -> Iterator[Line]:
    yield Line("heading", stay["room_type"]["name"])
    yield Line("text", f"{stay['rate_plan_name']} · {_people(stay['adults'], stay['children'])} · {_length(stay)}")
    yield Line("strong", _dates(stay, house))
    if stay["words"]:
        yield Line("text", stay["words"])
    for night in stay["by_night"]:
        yield _row(date_long(night["date"]), night["amount"])
    for tax in stay["taxes"]:
        yield _row(tax["name"], tax["amount"])
    yield Line("sum", "Total", money(stay["total"]))
    if stay["extras"]:
        yield _row("For coming or leaving at another time", stay["extras"])
    yield Line("small", _policy(stay, house))


def _dates(stay: Mapping[str, Any], house: Any) -> str:
    arrival, departure = date_long(stay["arrival"]), date_long(stay["departure"])
    return f"{arrival} from {house.check_in_time}, to {departure}, {house.check_out_time}"


def _length(stay: Mapping[str, Any]) -> str:
    return "by day" if stay["day_use"] else _count(stay["nights"], "night", "nights")


def _people(adults: int, children: int) -> str:
    grown = _count(adults, "adult", "adults")
    return f"{grown}, {_count(children, 'child', 'children')}" if children else grown


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _policy(stay: Mapping[str, Any], house: Any) -> str:
    until = stay["free_cancel_until"]
    return f"{stay['policy_text']} Free to cancel until {hotel_time(until, house.time_zone)}." if until else stay["policy_text"]


def _given_up(stay: Mapping[str, Any]) -> Line:
    what = f"{stay['room_type']['name']}, {date_long(stay['arrival'])} to {date_long(stay['departure'])} · {stay['words']}"
    return Line("row", f"{what}, fee" if stay["fee"] else what, money(stay["fee"]) if stay["fee"] else "")


def _money(reservation: Mapping[str, Any], house: Any) -> Iterator[Line]:
    if reservation["state"] in UNUSED:
        yield _row("It would have cost", reservation["total"])
        yield Line("sum", "Charged", money(reservation["paid"]))
        return
    yield _row("Total of your stay", reservation["total"])
    if reservation["state"] in KEPT_IN_PART:
        yield _row("Kept by the conditions of your rate", reservation["fee"])
    elif reservation["fee"] != reservation["total"]:
        yield _row("To pay in all, with fees", reservation["fee"])
    for payment in reservation["payments"]:
        at = f", {hotel_time(payment['at'], house.time_zone)}" if payment["at"] else ""
        yield _row(f"{payment['label']}: {payment['state']}{at}", payment["amount"])
    refund = reservation["refund"]
    if refund:
        yield _row(f"Back to you: {REFUND_WORDS.get(refund['state'], 'needs our attention')}", refund["amount"])
    yield from _left(reservation)


def _left(reservation: Mapping[str, Any]) -> Iterator[Line]:
    cancelled = reservation["state"] == "cancelled"
    if not cancelled:
        yield _row("Paid", reservation["paid"])
    if not cancelled or reservation["balance"].amount_minor:
        yield Line("sum", "Still to pay", money(reservation["balance"]))


def _row(text: str, amount: Money) -> Line:
    return Line("row", text, money(amount))
