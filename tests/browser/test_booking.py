"""The journey of issue and brochure in a real browser: search, choose, pay with 3-D Secure, read, find the mail, cancel."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.browser.conftest import Invite
from tests.browser.visitor import DECLINED, PATIENCE_MS, PLAIN, WITH_3DS, Visitor

JOURNEY_SECONDS = 8.0


def finds_the_mail(visitor: Visitor, subject: str) -> None:
    """Open the inbox and wait for the visitor's mail; a guest would press reload, too."""
    mails = visitor.page.locator("tr").filter(has_text=visitor.email).get_by_role("link", name=subject)
    visitor.page.goto(f"{visitor.running.sandbox}/mail")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not mails.count():
        assert time.monotonic() < deadline, f"no mail {subject!r} to {visitor.email}"
        visitor.page.wait_for_timeout(50)
        visitor.page.reload()
    mails.first.click()


def test_a_guest_books_with_authentication(visitor: Visitor) -> None:
    began = time.monotonic()
    visitor.books(WITH_3DS)
    shown = time.monotonic() - began
    finds_the_mail(visitor, "is booked")
    whole = time.monotonic() - began
    print(f"\nconfirmation read after {shown:.2f} s, mail opened after {whole:.2f} s")
    assert whole < JOURNEY_SECONDS

    expect(visitor.page.get_by_role("link", name="stay.ics")).to_be_visible()
    letter = visitor.page.frame_locator("iframe")
    expect(letter.get_by_role("heading", level=1)).to_be_visible()
    with visitor.page.expect_popup() as opened:
        letter.get_by_role("link", name=re.compile("booking|stay|manage", re.IGNORECASE)).first.click()
    visitor.page = opened.value
    visitor.reads("Your stay with us")
    assert "/manage/" not in visitor.page.url
    visitor.sees("Confirmed").sees("Garden Room").sees("Ada Perera").sees(visitor.email)


def test_a_guest_cancels_on_the_page(visitor: Visitor) -> None:
    visitor.books().follows("Cancel this stay").reads("Cancel your stay?")
    visitor.page.get_by_label("May we ask why?").select_option("illness")
    visitor.presses("Cancel it and refund").reads("This stay is cancelled")
    finds_the_mail(visitor, "is cancelled")
    finds_the_mail(visitor, "refund")


def test_a_guest_keeps_the_stay_after_all(visitor: Visitor) -> None:
    visitor.books().follows("Cancel this stay").reads("Cancel your stay?")
    visitor.follows("Keep my stay").reads("Your stay with us")


def test_a_declined_card(visitor: Visitor) -> None:
    visitor.holds().pays(DECLINED).sees("Your card was declined.")
    visitor.goes_back().reloads_until("Your bank declined the card").sees("Nothing was charged")
    visitor.presses("Try another card").pays(PLAIN).reads("Your room is yours")


def test_a_failed_authentication(visitor: Visitor) -> None:
    visitor.holds().pays(WITH_3DS).authenticates(passes=False).sees("unable to authenticate")
    visitor.goes_back().reloads_until("Your bank could not confirm it was you").sees("Nothing was charged")
    visitor.presses("Try again").pays(WITH_3DS).authenticates().reads("Your room is yours")


def test_leaving_and_going_on(visitor: Visitor) -> None:
    visitor.holds().goes_back().reads("Your room is still here")
    visitor.presses("Go on to payment").pays(PLAIN).reads("Your room is yours")


def test_what_was_typed_is_kept_when_something_is_wrong(visitor: Visitor) -> None:
    visitor.expected = (422,)
    visitor.searches().chooses()
    visitor.page.get_by_label("Full name").fill("Ada Perera")
    visitor.page.get_by_label("E-mail").fill("ada at example")
    visitor.presses("Hold my room").reads("Who may we expect?")
    visitor.sees("must look like name@example.com")
    expect(visitor.page.get_by_label("Full name")).to_have_value("Ada Perera")
    expect(visitor.page.get_by_label("E-mail")).to_have_value("ada at example")
    expect(visitor.page.get_by_role("alert")).to_be_focused()
    visitor.page.get_by_role("link", name="Please check the e-mail").click()
    expect(visitor.page.get_by_label("E-mail")).to_be_focused()
    visitor.tells().pays(PLAIN).reads("Your room is yours")


def test_pressing_twice_holds_once(invite: Invite) -> None:
    """An impatient double click, and the browser's back button afterwards: one hold, one payment page."""
    visitor = invite()
    visitor.searches().chooses()
    visitor.page.get_by_label("Full name").fill("Ada Perera")
    visitor.page.get_by_label("E-mail").fill(visitor.email)
    visitor.page.get_by_label("Phone").fill("+94 77 123 4567")
    visitor.page.get_by_role("button", name="Hold my room").dblclick()
    visitor.reads("Pay with card")
    first = visitor.page.url
    visitor.page.go_back()
    visitor.presses("Hold my room").reads("Pay with card")
    assert visitor.page.url == first


def test_the_calendar_fills_the_dates(invite: Invite) -> None:
    visitor = invite()
    visitor.opens()
    visitor.page.get_by_text("Choose on a calendar").click()
    days = (
        visitor.page.locator("calendar-month")
        .nth(1)
        .get_by_role("button")
        .filter(has_not_text=re.compile("month", re.IGNORECASE))
    )
    days.nth(9).click()
    days.nth(12).click()
    arrival, departure = (visitor.page.get_by_label(name).input_value() for name in ("Arrive", "Leave"))
    assert arrival < departure
    visitor.presses("See rooms and prices")
    assert f"arrival={arrival}&departure={departure}" in visitor.page.url
