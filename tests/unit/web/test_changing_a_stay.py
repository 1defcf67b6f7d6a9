"""What the page for changing a stay reads, refuses and works out before anything is asked of the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from aggregates.property import Property
from aggregates.rates import Rates
from commands.change_stay import ChangeStay
from commands.pricing_again import preview
from ledger.money import Money
from ledger.stay_dates import StayDates
from projections.hotel import Hotel, hotel_of
from projections.reservation_document import PaymentRow, ReservationDocument
from projections.stays import stays_of
from queries.offers import Wish
from queries.reservations import ReservationFound
from tests.examples import ARRIVAL, HOTEL, NOW, TARIFF, dates, held_event, named, stay, usd
from web.pages.change_form import Wanted, read_wanted
from web.pages.change_view import _new_nights, rows_of, sums_of, what_is_wrong
from web.pages.mine import Mine

TODAY = NOW.date()
AS_BOOKED: dict[str, str] = {}


def hotel() -> Hotel:
    found = hotel_of([Property.Opened(definition=HOTEL), Rates.Published(tariff=TARIFF)])
    assert found is not None
    return found


def mine(*, rate_plan: str = "flexible", paid_minor: int = 0) -> Mine:
    held = held_event("ada", (stay("ada", rate_plan=rate_plan),))
    document = ReservationDocument(held=held, state="confirmed", stays=stays_of(held, "confirmed"), version=3)
    if paid_minor:
        row = PaymentRow(payment_id=named("deposit"), purpose="deposit", amount=usd(paid_minor), state="captured", at=NOW)
        document.payments.append(row)
    found = ReservationFound(named("ada"), document, {"name": "Ada"}, 7)
    return Mine(cast("Any", None), hotel(), found, NOW)


def wanted(booking: Mine, **given: str) -> tuple[Wanted, Wish]:
    shown, wish, errors = read_wanted(booking.hotel, row(booking).booked, given, TODAY)
    assert wish is not None, errors
    return shown, wish


def row(booking: Mine) -> Any:
    return booking.found.document.stays[0]


def test_what_is_not_said_stays_as_it_is() -> None:
    booking = mine()
    shown, wish = wanted(booking)
    assert shown == Wanted.of(row(booking).booked)
    assert wish == Wish(row(booking).booked.dates, 2, 0, 1)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"arrival": "soon"}, "arrival"),
        ({"departure": ARRIVAL.isoformat()}, "departure"),
        ({"arrival": (TODAY - timedelta(days=1)).isoformat()}, "arrival"),
        ({"adults": "0"}, "adults"),
        ({"children": "-1"}, "children"),
        ({"room_type": "castle"}, "room_type"),
        ({"rate_plan": "free"}, "rate_plan"),
    ],
)
def test_each_thing_that_is_wrong_is_named(given: dict[str, str], field: str) -> None:
    booking = mine()
    _, wish, errors = read_wanted(booking.hotel, row(booking).booked, given, TODAY)
    assert wish is None
    assert [error["field"] for error in errors] == [field]


def test_what_was_typed_is_shown_again() -> None:
    booking = mine()
    shown, _, _ = read_wanted(booking.hotel, row(booking).booked, {"arrival": "soon", "adults": "many"}, TODAY)
    assert (shown.arrival, shown.adults) == ("soon", "many")


@pytest.mark.parametrize(
    ("rate_plan", "given", "words"),
    [
        ("flexible", AS_BOOKED, "Nothing is different yet"),
        ("flexible", {"adults": "3", "room_type": "garden"}, "too small"),
        ("saver", {"departure": (ARRIVAL + timedelta(days=1)).isoformat()}, "only nights can be added"),
        ("saver", {"room_type": "villa"}, "only nights can be added"),
        ("saver", {"departure": (ARRIVAL + timedelta(days=3)).isoformat()}, None),
        ("flexible", {"departure": (ARRIVAL + timedelta(days=1)).isoformat()}, None),
        ("flexible", {"adults": "3", "room_type": "villa"}, None),
    ],
)
def test_what_cannot_be_is_said_before_a_price(rate_plan: str, given: dict[str, str], words: str | None) -> None:
    booking = mine(rate_plan=rate_plan)
    wrong = what_is_wrong(booking, row(booking), *wanted(booking, **given))
    assert (words in wrong["message"]) if words and wrong else (wrong is None and words is None)


@pytest.mark.parametrize(
    ("first", "nights", "new"),
    [
        (0, 2, []),
        (0, 3, [(2, 3)]),
        (-1, 3, [(-1, 0)]),
        (-1, 4, [(-1, 0), (2, 3)]),
        (1, 1, []),
        (1, 2, [(2, 3)]),
        (2, 2, [(2, 4)]),
        (-2, 2, [(-2, 0)]),
        (9, 1, [(9, 10)]),
    ],
)
def test_only_new_nights_must_be_free(first: int, nights: int, new: list[tuple[int, int]]) -> None:
    after = dates(nights, ARRIVAL + timedelta(days=first))
    expected = [StayDates(ARRIVAL + timedelta(days=begin), ARRIVAL + timedelta(days=end)) for begin, end in new]
    assert _new_nights(dates(2), after) == expected


def test_rows_say_what_differs() -> None:
    booking = mine()
    command = ChangeStay(
        reservation_id=booking.reservation_id,
        stay_id=row(booking).booked.stay_id,
        departure=ARRIVAL + timedelta(days=3),
        adults=1,
    )
    would_be = preview(row(booking).booked, command, booking.hotel.tariff, TODAY).stay
    told = {line["label"]: (line["before"], line["after"]) for line in rows_of(booking, row(booking).booked, would_be)}
    same = [line["label"] for line in rows_of(booking, row(booking).booked, would_be) if line["same"]]
    assert told["Nights"] == ("2", "3")
    assert told["People"] == ("2 adults", "1 adult")
    assert same == ["Arrive", "Room", "Rate"]


@pytest.mark.parametrize(
    ("paid", "difference", "balance", "refund"),
    [(0, 100, 1, 0), (0, -100, 1, 0), (1, 0, 0, 0), (1, -100, 0, 100), (1, 100, 100, 0)],
)
def test_the_sums_add_up(paid: int, difference: int, balance: int, refund: int) -> None:
    """Of a stay that is paid in full, or not at all; a balance of 1 stands for all of it."""
    whole = row(mine()).booked.price.total.amount_minor
    booking = mine(paid_minor=paid * whole)
    sums = sums_of(booking, Money(difference, "USD"))
    assert sums["total"] == usd(whole + difference)
    assert sums["balance"] == usd(whole + difference if balance == 1 else balance)
    assert sums["refund"] == usd(refund)
    assert sums["paid"] + sums["balance"] - sums["refund"] == sums["total"]
