"""What a guest does with a booking afterwards, in a real browser: change it, pay the rest, give up a room, ask, print."""

from __future__ import annotations

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.browser.conftest import Invite
from tests.browser.hotel_side import does_to_stay, fills, own_page, walks_in
from tests.browser.visitor import PLAIN, WITH_3DS, Visitor


def wants(visitor: Visitor, *, departure: date | None = None, room: str = "", adults: int | None = None) -> Visitor:
    """Fill in what shall be different and ask for the price."""
    visitor.follows("Change your stay").reads("What shall we change?")
    if departure:
        visitor.page.get_by_label("Leave").fill(departure.isoformat())
    if adults:
        visitor.page.get_by_label("Adults").fill(str(adults))
    if room:
        visitor.page.get_by_role("radio", name=room).check()
    return visitor.presses("See the new price")


def books_two_rooms(visitor: Visitor) -> Visitor:
    """Book two Garden Rooms at once."""
    visitor.opens(f"/rooms?arrival={visitor.arrival}&departure={visitor.departure}&adults=2&children=0&rooms=2")
    return visitor.chooses().tells().pays(PLAIN).reads("Your rooms are yours")


def test_a_longer_stay_is_paid_with_authentication(visitor: Visitor) -> None:
    visitor.books()
    wants(visitor, departure=visitor.departure + timedelta(days=2), room="Valley Room").reads("Shall we change it like this?")
    visitor.sees("It costs more").sees("Nothing is charged by changing").presses("Change my stay")
    visitor.reads("Your stay with us").sees("A new confirmation is on its way").sees("Valley Room").sees("5 nights")
    visitor.presses("Pay $").pays(WITH_3DS).authenticates().reads("Your stay with us").sees("your payment has arrived")
    expect(visitor.page.get_by_role("button", name=re.compile("Pay"))).to_have_count(0)


def test_a_shorter_stay_gives_money_back(visitor: Visitor) -> None:
    visitor.books().presses("Pay $").pays(PLAIN).reads("Your stay with us").sees("your payment has arrived")
    wants(visitor, departure=visitor.departure - timedelta(days=1)).reads("Shall we change it like this?")
    visitor.sees("Back to your card").sees("It costs less").presses("Change my stay").reads("Your stay with us").sees(
        "2 nights"
    )
    visitor.sees("Back to you")


def test_a_guest_looks_at_a_price_and_keeps_the_stay(visitor: Visitor) -> None:
    visitor.books()
    wants(visitor, departure=visitor.departure + timedelta(days=1)).reads("Shall we change it like this?")
    visitor.follows("Choose differently").reads("What shall we change?")
    expect(visitor.page.get_by_label("Leave")).to_have_value((visitor.departure + timedelta(days=1)).isoformat())
    visitor.follows("Keep it as it is").reads("Your stay with us").sees("3 nights")


def test_what_cannot_be_is_said_before_a_price_is_shown(visitor: Visitor) -> None:
    visitor.books()
    visitor.expected = (422,)
    wants(visitor).reads("What shall we change?").sees("Nothing is different yet")
    visitor.follows("Keep it as it is")
    wants(visitor, adults=5).sees("too small for so many people")
    visitor.follows("Keep it as it is")
    wants(visitor, departure=visitor.arrival).sees("Departure must be after arrival")


def test_who_was_overtaken_is_shown_what_changed(visitor: Visitor) -> None:
    visitor.books()
    wants(visitor, departure=visitor.departure + timedelta(days=1)).reads("Shall we change it like this?")
    preview, page = visitor.page.url, visitor.page
    visitor.page = page.context.new_page()
    visitor.page.goto(preview.replace("adults=2", "adults=1"))
    visitor.presses("Change my stay").reads("Your stay with us")
    visitor.page.close()
    visitor.page = page
    visitor.expected = (409,)
    visitor.presses("Change my stay").reads("What shall we change?").sees("Your booking was changed meanwhile")
    visitor.sees("1 adult").presses("See the new price").presses("Change my stay").reads("Your stay with us")


def test_a_taken_room_is_answered_with_what_is_free(invite: Invite) -> None:
    visitor = invite()
    visitor.books()
    later = visitor.departure + timedelta(days=3)
    fills(visitor.running, visitor.departure, later, "garden-room")
    wants(visitor, departure=later).reads("What shall we change?").sees("What is free instead")
    visitor.follows("Valley Room").reads("Shall we change it like this?").presses("Change my stay").sees("Valley Room")


def test_a_full_house_offers_other_days(visitor: Visitor) -> None:
    fills(visitor.running, visitor.arrival, visitor.departure)
    visitor.searches().sees("Every room is taken on these days").sees("This is free nearby")
    visitor.page.locator(".alternatives").get_by_role("link").first.click()
    visitor.chooses()


def test_one_room_of_two_is_given_up(visitor: Visitor) -> None:
    books_two_rooms(visitor).follows("Cancel the Garden Room, 2 of 2").reads("Cancel this room?")
    visitor.sees("counts for the rest of your booking").presses("Cancel it").reads("Your stay with us")
    visitor.sees("The rest of your booking stays as it is").sees("Not part of it any more")
    visitor.follows("Cancel this stay").presses("Cancel it").reads("This stay is cancelled")


def test_what_was_changed_meanwhile_is_not_cancelled_unseen(visitor: Visitor) -> None:
    visitor.books().follows("Cancel this stay").reads("Cancel your stay?")
    cancel, page = visitor.page.url, visitor.page
    visitor.page = page.context.new_page()
    visitor.page.goto(cancel.removesuffix("/cancel"))
    wants(visitor, departure=visitor.departure + timedelta(days=1)).presses("Change my stay").reads("Your stay with us")
    visitor.page.close()
    visitor.page = page
    visitor.expected = (409,)
    visitor.presses("Cancel it").reads("Cancel your stay?").sees("Your booking was changed meanwhile")
    visitor.presses("Cancel it").reads("This stay is cancelled")


def test_the_hotel_is_asked_for_something(visitor: Visitor) -> None:
    visitor.books().follows("Ask for something").reads("What can we do for you?")
    visitor.page.get_by_label("Your request").fill("We come by the night train.\nMay we leave our bags?")
    visitor.presses("Tell the hotel").reads("Your stay with us").sees("your request has reached us")
    visitor.sees("May we leave our bags?").sees("Your request reached us")


def test_the_sheet_prints(visitor: Visitor) -> None:
    visitor.books().follows("Print or keep").reads("Your booking").sees("Still to pay")
    visitor.follows("Back to your booking").reads("Your stay with us")


def test_nothing_is_left_to_change_for_who_has_come(invite: Invite) -> None:
    visitor = invite()
    walks_in(visitor)
    visitor.reads("Good to have you here").sees(re.compile(r"Room \d+"))
    expect(visitor.page.get_by_role("link", name="Change your stay")).to_have_count(0)
    expect(visitor.page.get_by_role("link", name="Cancel")).to_have_count(0)
    page = own_page(visitor)
    does_to_stay(visitor, "check-out")
    visitor.reads("Thank you for staying")
    visitor.page.goto(f"{page}/requests")
    visitor.reads("Thank you for staying")
