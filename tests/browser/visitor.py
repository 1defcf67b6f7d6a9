"""Somebody with a real browser who books, types and reads like a guest. Clicks what is on the page, knows no address.

A console message, a failed request or a page error of our own pages fails the test at the end, also a broken policy.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from datetime import date, timedelta
from http import HTTPStatus
from typing import Self
from uuid import uuid4

from playwright.sync_api import Browser, ConsoleMessage, Request, Response, expect

from tests.installation import Running

PLAIN, WITH_3DS, DECLINED = "4242 4242 4242 4242", "4000 0025 0000 3155", "4000 0000 0000 0002"
WIDE = 1440
PATIENCE_MS = 10_000
_numbers = itertools.count(1)
_weeks = itertools.count(4)


class Visitor:
    """A browser profile with one page; `faults` collects what went wrong behind the guest's back."""

    def __init__(
        self, running: Running, browser: Browser, *, script: bool = True, width: int = WIDE, height: int = 900
    ) -> None:
        self.running = running
        number = next(_numbers)
        self.email = f"visitor{number}.{uuid4().hex[:6]}@example.com"
        self.arrival = date.today() + timedelta(weeks=next(_weeks))  # noqa: DTZ011 - any week of the future
        self.faults: list[str] = []
        self.expected: tuple[int, ...] = ()
        self._context = browser.new_context(
            java_script_enabled=script, viewport={"width": width, "height": height}, locale="en-GB", reduced_motion="reduce",
            extra_http_headers={"X-Forwarded-For": f"10.99.{number // 250}.{number % 250 + 1}"},
        )  # fmt: skip
        self._context.set_default_timeout(PATIENCE_MS)
        self._context.on("console", self._heard)
        self._context.on("requestfailed", self._failed)
        self._context.on("response", self._answered)
        self.page = self._context.new_page()

    def __enter__(self) -> Self:
        """Arrive."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the browser; complain about faults, unless something worse has happened."""
        self._context.close()
        assert kind is not None or not self.faults, self.faults

    def _heard(self, message: ConsoleMessage) -> None:
        expected = message.text.startswith("Failed to load resource") and any(
            f"status of {status}" in message.text for status in self.expected
        )
        if message.type in {"error", "warning"} and not expected:
            self.faults.append(f"console: {message.text} at {message.page.url if message.page else ''}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"request: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"answer: {response.status} {response.url}")

    @property
    def departure(self) -> date:
        """Three nights later."""
        return self.arrival + timedelta(days=3)

    def opens(self, path: str = "/") -> Self:
        """Type an address of the site."""
        self.page.goto(self.running.url + path)
        return self

    def searches(self) -> Self:
        """Look for a stay from the first page."""
        self.opens()
        self.page.get_by_label("Arrive").fill(self.arrival.isoformat())
        self.page.get_by_label("Leave").fill(self.departure.isoformat())
        self.page.get_by_role("button", name="See rooms and prices").click()
        return self.reads(self.page.get_by_role("heading", level=1).filter(has_text=" to ").inner_text())

    def chooses(self, room: str = "Garden Room, Flexible") -> Self:
        """Take an offer."""
        self.page.get_by_role("link", name=f"Choose {room}").click()
        return self.reads("Who may we expect?")

    def tells(self, name: str = "Ada Perera", phone: str = "+94 77 123 4567") -> Self:
        """Fill in the details and hold the room."""
        self.page.get_by_label("Full name").fill(name)
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Phone").fill(phone)
        self.page.get_by_role("button", name="Hold my room").click()
        return self.reads("Pay with card")

    def pays(self, card: str) -> Self:
        """Type a card at the provider and press Pay."""
        self.page.get_by_label("Card number").fill(card)
        self.page.get_by_label("Expiry").fill("12/34")
        self.page.get_by_label("CVC").fill("123")
        self.page.get_by_role("button", name="Pay", exact=True).click()
        return self

    def authenticates(self, *, passes: bool = True) -> Self:
        """Answer the bank."""
        self.page.get_by_role("button", name="Complete authentication" if passes else "Fail authentication").click()
        return self

    def goes_back(self) -> Self:
        """Follow the provider's link back to the hotel."""
        self.page.get_by_role("link", name="Back to").click()
        return self

    def presses(self, name: str) -> Self:
        """Press a button."""
        self.page.get_by_role("button", name=name).click()
        return self

    def follows(self, name: str) -> Self:
        """Follow a link."""
        self.page.get_by_role("link", name=name).first.click()
        return self

    def reads(self, heading: str) -> Self:
        """Wait for a page with this first heading."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible(timeout=PATIENCE_MS)
        return self

    def sees(self, text: str | re.Pattern[str]) -> Self:
        """Wait until a text can be read."""
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)
        return self

    def holds(self, room: str = "Garden Room, Flexible") -> Self:
        """Walk from the first page to the provider's."""
        return self.searches().chooses(room).tells()

    def reloads_until(self, words: str) -> Self:
        """Look again, as an impatient guest does, until something that happens behind the page has come through."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.get_by_text(words).count():
            assert time.monotonic() < deadline, f"{words!r} is not on {self.page.url}"
            self.page.wait_for_timeout(100)
            self.page.reload()
        return self.sees(words)

    def asks_elsewhere(self, *, gives_back: bool = False) -> dict[str, str]:
        """Hold a room without the pages, as a partner's site would; give the answer with its links."""
        stay = {"arrival": self.arrival.isoformat(), "departure": self.departure.isoformat()}
        body = {
            "room_type": "garden-room",
            "rate_plan": "flexible",
            **stay,
            "guest": {"name": "Ada Perera", "email": self.email},
        }
        asked = self._context.request.post(
            f"{self.running.api}/holds", data=json.dumps(body),
            headers={"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"},
        )  # fmt: skip
        held: dict[str, str] = asked.json()
        assert asked.status == HTTPStatus.CREATED, held
        if gives_back:
            proof = {"Manage-Token": held["manage_url"].rpartition("/")[2], "Idempotency-Key": str(uuid4())}
            address = f"{self.running.api}/reservations/{held['reservation_id']}/cancel"
            assert self._context.request.post(address, headers=proof).ok
        return held

    def books(self, card: str = PLAIN) -> Self:
        """Walk from the first page to the confirmation."""
        self.holds().pays(card)
        if card == WITH_3DS:
            self.authenticates()
        return self.reads("Your room is yours")
