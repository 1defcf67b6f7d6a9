"""A guest's own booking, in each of its states, as eyes, thumbs and screen readers meet it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Invite, installation
from tests.browser.hotel_side import does_to_stay, fills, own_page, walks_in
from tests.browser.looks import PHONE, Sight
from tests.browser.test_managing import books_two_rooms, wants
from tests.browser.visitor import PLAIN, Visitor
from tests.e2e.guest import hotel_today
from tests.installation import Running

SLOW_REFUND = "4000 0000 0000 7726"


def changes(visitor: Visitor) -> Visitor:
    """Stay a night longer."""
    visitor.books()
    wants(visitor, departure=visitor.departure + timedelta(days=1), room="Gap Suite").reads("Shall we change it like this?")
    return visitor


def pays_all(visitor: Visitor) -> Visitor:
    """Pay the rest."""
    return visitor.books().presses("Pay $").pays(PLAIN).sees("your payment has arrived")


def is_overtaken(visitor: Visitor) -> None:
    """Send a change that was seen before the hotel made one."""
    changes(visitor)
    preview = visitor.page.url
    visitor.page.goto(own_page(visitor).partition("/stays/")[0])
    does_to_stay(visitor, "pin", {"reason": "promised"})
    visitor.page.goto(preview)
    visitor.page.locator("[name=expected_version]").evaluate("field => { field.value = Number(field.value) - 1; }")
    visitor.presses("Change my stay").sees("Your booking was changed meanwhile")


def finds_it_taken(visitor: Visitor) -> None:
    """Want nights in a type that is full."""
    visitor.books()
    fills(visitor.running, visitor.departure, visitor.departure + timedelta(days=2), "garden-room")
    wants(visitor, departure=visitor.departure + timedelta(days=2)).sees("What is free instead")


def never_comes(visitor: Visitor) -> None:
    """Book for today, and stay away until the day is over."""
    visitor.arrival = hotel_today()
    visitor.books().running.control("POST", "/clock", {"advance_seconds": 24 * 60 * 60})
    does_to_stay(visitor, "no-show")
    visitor.reads("We missed you")


def finds_a_full_house(visitor: Visitor) -> None:
    """Search where nothing is free."""
    fills(visitor.running, visitor.arrival, visitor.departure)
    visitor.searches().sees("Every room is taken")


def leaves(visitor: Visitor) -> None:
    """Come, and go."""
    walks_in(visitor)
    does_to_stay(visitor, "check-out")


def asks(visitor: Visitor) -> Visitor:
    """Ask the hotel for something."""
    visitor.books().follows("Ask for something")
    visitor.page.get_by_label("Your request").fill("We arrive with the night train at half past six.\nMay we leave our bags?")
    return visitor.presses("Tell the hotel").sees("your request has reached us")


def gives_up_one(visitor: Visitor) -> None:
    """Keep one room of two."""
    books_two_rooms(visitor).follows("Cancel the Garden Room, 2 of 2").presses("Cancel it").sees("Not part of it any more")


def waits_for_the_refund(visitor: Visitor) -> None:
    """Cancel a booking whose refund does not come at once."""
    visitor.books(SLOW_REFUND).follows("Cancel this stay").presses("Cancel it").reads("This stay is cancelled")
    visitor.reloads_until("is on its way back to your card")


def is_forgotten(visitor: Visitor) -> None:
    """Cancel, and ask to be forgotten."""
    visitor.books().follows("Cancel this stay").presses("Cancel it").reads("This stay is cancelled")
    page = own_page(visitor)
    forgotten = visitor.running.run("erase-guest", page.rpartition("/")[2])
    assert forgotten.returncode == 0, forgotten.stderr
    visitor.page.goto(page)
    visitor.sees("were erased on")


def comes_too_late(visitor: Visitor) -> None:
    """Leave a hold alone until its time is over."""
    held = visitor.asks_elsewhere()
    visitor.running.control("POST", "/clock", {"advance_seconds": 20 * 60})
    visitor.page.goto(held["manage_url"])
    visitor.reloads_until("This hold has run out")


SIGHTS = (
    Sight("booking", lambda visitor: visitor.books().opens(f"/booking/{own_page(visitor).rpartition('/')[2]}")),
    Sight("booking-several", books_two_rooms),
    Sight("booking-one-given-up", gives_up_one),
    Sight("booking-asked", asks),
    Sight("booking-changed", lambda visitor: changes(visitor).presses("Change my stay").sees("on its way to you")),
    Sight("booking-paid", pays_all),
    Sight("booking-checked-in", walks_in),
    Sight("booking-checked-out", leaves),
    Sight("change", lambda visitor: visitor.books().follows("Change your stay").reads("What shall we change?")),
    Sight("change-wrong", lambda visitor: wants(visitor.books(), adults=9).sees("too small"), (422,)),
    Sight("change-preview", changes),
    Sight("change-less", lambda visitor: wants(pays_all(visitor), departure=visitor.departure - timedelta(days=1))),
    Sight("change-overtaken", is_overtaken, (409,)),
    Sight("change-taken", finds_it_taken),
    Sight("cancel-one", lambda visitor: books_two_rooms(visitor).follows("Cancel the Garden Room, 2 of 2")),
    Sight("requests", lambda visitor: asks(visitor).follows("Ask for something").reads("What can we do for you?")),
    Sight("sheet", lambda visitor: visitor.books().follows("Print or keep").reads("Your booking")),
    Sight("rooms-full", finds_a_full_house),
    Sight("cancelled-refund-on-its-way", waits_for_the_refund),
    Sight("erased", is_forgotten),
)
LATE_SIGHTS = (Sight("booking-no-show", never_comes), Sight("expired", comes_too_late))
"""What is seen after hours, on an installation whose clock is moved and stays there."""


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: str(sight.name))
def test_a_page(sight: Sight, invite: Invite) -> None:
    sight.seen_by(invite(width=PHONE, height=844))


@pytest.fixture(scope="module")
def moved() -> Iterator[Running]:
    """Give an installation of the file's own, whose clock may be moved."""
    with installation() as found:
        yield found


@pytest.mark.parametrize("sight", LATE_SIGHTS, ids=lambda sight: str(sight.name))
def test_a_page_after_hours(sight: Sight, moved: Running, browser: Browser) -> None:
    with Visitor(moved, browser, width=PHONE, height=844) as visitor:
        sight.seen_by(visitor)
