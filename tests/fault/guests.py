"""Guests who book over HTTP whatever happens: they send a request again until it is answered, under the same key.

What they were told is kept, to be held against the ledger afterwards. They decide nothing about right and wrong.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx

from tests.installation import Running

PLAIN, WITH_3DS = "4242 4242 4242 4242", "4000 0025 0000 3155"
ROOM_TYPES = ("garden-room", "valley-room")
FIRST_ARRIVAL_DAYS, ARRIVALS = 20, 30
PAUSE_SECONDS = 0.15
PATIENT_SECONDS, LEASE_SECONDS, CLOCK_MOVES = 8.0, 46, 3
BUSY = frozenset({429, 502, 503})


def wish(dice: random.Random, number: int) -> dict[str, Any]:
    """Give the content of a hold: a short stay within one month, so that guests meet."""
    arrival = date.today() + timedelta(days=FIRST_ARRIVAL_DAYS + dice.randrange(ARRIVALS))  # noqa: DTZ011 - any day of the future
    return {
        "room_type": dice.choice(ROOM_TYPES),
        "rate_plan": "flexible",
        "arrival": arrival.isoformat(),
        "departure": (arrival + timedelta(days=dice.randint(1, 3))).isoformat(),
        "guest": {"name": f"Guest {number}", "email": f"guest{number}@example.com"},
    }


@dataclass
class Booking:
    """One journey: what was asked, under which key, and what was answered."""

    key: str
    content: dict[str, Any]
    card: str | None
    """None: this guest holds a room and never pays."""

    hold: dict[str, Any] | None = None
    refused: str = ""
    state: str = ""
    odd: list[str] = field(default_factory=list)
    """Answers that no fault excuses, such as a 500."""

    @property
    def reservation_id(self) -> UUID | None:
        """The reservation that was acknowledged, if any."""
        return UUID(self.hold["reservation_id"]) if self.hold else None


class Guest:
    """Somebody with a browser without JavaScript and a lot of patience."""

    def __init__(self, running: Running, patience_seconds: float = 60) -> None:
        self._running = running
        self._patience_seconds = patience_seconds

    def books(self, booking: Booking) -> Booking:
        """Walk the whole journey: hold, pay, return; then ask for the hold again under the same key."""
        deadline = time.monotonic() + self._patience_seconds
        with httpx.Client(timeout=20) as browser:
            self.holds(browser, booking, deadline)
            if booking.hold is not None and booking.card is not None:
                self._pays(browser, booking, deadline)
                self._asks_again(browser, booking, deadline)
        return booking

    def holds(self, browser: httpx.Client, booking: Booking, deadline: float) -> None:
        """Ask for the rooms until there is an answer."""
        while time.monotonic() < deadline:
            answer = self._post_hold(browser, booking)
            if answer is None:
                time.sleep(PAUSE_SECONDS)
            elif answer.status_code == 201:
                booking.hold = answer.json()
                return
            else:
                booking.refused = answer.json()["code"]
                return

    def _post_hold(self, browser: httpx.Client, booking: Booking) -> httpx.Response | None:
        headers = {"Idempotency-Key": booking.key}
        try:
            answer = browser.post(f"{self._running.api}/holds", json=booking.content, headers=headers)
        except httpx.TransportError:
            return None
        return None if self._is_busy(answer, booking) else answer

    def _is_busy(self, answer: httpx.Response, booking: Booking) -> bool:
        if answer.status_code >= 500 and answer.status_code not in BUSY:
            booking.odd.append(
                f"{answer.status_code} {answer.request.method} {answer.url.path.split('/')[1]}: {answer.text[:200]}"
            )
        return answer.status_code in BUSY or answer.status_code >= 500

    def _asks_again(self, browser: httpx.Client, booking: Booking, deadline: float) -> None:
        while time.monotonic() < deadline:
            answer = self._post_hold(browser, booking)
            if answer is not None:
                told = answer.json()
                assert booking.hold is not None
                if told.get("reservation_id") != booking.hold["reservation_id"]:
                    booking.odd.append(f"the same key gave another answer: {told}")
                return
            time.sleep(PAUSE_SECONDS)

    def _pays(self, browser: httpx.Client, booking: Booking, deadline: float) -> None:
        """Go where the pages lead, from the start again whenever one does not come, until the booking is settled."""
        page: httpx.Response | None = None
        while time.monotonic() < deadline:
            try:
                page = self._next_page(browser, booking, page)
                booking.state = self._state(browser, booking) if page is None else ""
            except httpx.TransportError:
                page = None
            if booking.state in {"confirmed", "expired"}:
                return
            if page is None:
                time.sleep(PAUSE_SECONDS)

    def _next_page(self, browser: httpx.Client, booking: Booking, page: httpx.Response | None) -> httpx.Response | None:
        """Give the next page; nothing when the pages lead no further at this moment."""
        assert booking.hold is not None
        if page is None:
            return self._followed(browser, browser.get(booking.hold["checkout_url"]), booking)
        path = page.url.path
        if page.url.port == self._running.sandbox_port and path.startswith("/c/pay/") and page.status_code == 200:
            typed = {
                "card_number": str(booking.card),
                "expiry": "12/34",
                "cvc": "123",
                "email": booking.content["guest"]["email"],
            }
            return self._followed(browser, browser.post(page.url, data=typed), booking)
        if path.startswith("/c/3ds/") and page.status_code == 200:
            return self._followed(browser, browser.post(page.url, data={"outcome": "complete"}), booking)
        return None

    def _followed(self, browser: httpx.Client, answer: httpx.Response, booking: Booking) -> httpx.Response:
        while answer.has_redirect_location:
            answer = browser.get(answer.url.join(answer.headers["location"]))
        if answer.url.port == self._running.port:
            self._is_busy(answer, booking)
        return answer

    def _state(self, browser: httpx.Client, booking: Booking) -> str:
        assert booking.hold is not None
        headers = {"Manage-Token": booking.hold["manage_url"].rpartition("/manage/")[2]}
        answer = browser.get(f"{self._running.api}/reservations/{booking.hold['reservation_id']}", headers=headers)
        return str(answer.json()["state"]) if answer.status_code == 200 else ""


class Crowd:
    """Several guests, one booking after the other each, until told to stop; the bookings begun are finished."""

    def __init__(self, running: Running, dice: random.Random, guests: int, pause_seconds: float = 0.2) -> None:
        self.bookings: list[Booking] = []
        self._running = running
        self._stopping = threading.Event()
        self._pause_seconds = pause_seconds
        seeds = [dice.randrange(2**32) for _ in range(guests)]
        self._threads = [
            threading.Thread(target=self._go, args=(number, random.Random(seed)), daemon=True)  # noqa: S311 - no secret
            for number, seed in enumerate(seeds)
        ]

    def starts(self) -> None:
        """Let them in."""
        for thread in self._threads:
            thread.start()

    def finishes(self) -> Sequence[Booking]:
        """Let nobody begin any more, wait for the last, and give all journeys.

        A killed worker's lease runs out with the product's clock alone, so that is moved instead of waited for.
        """
        self._stopping.set()
        for _ in range(CLOCK_MOVES):
            if self._are_gone(PATIENT_SECONDS):
                return self.bookings
            self._running.control("POST", "/clock", {"advance_seconds": LEASE_SECONDS})
        assert self._are_gone(60), "guests are still waiting"
        return self.bookings

    def _are_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.01, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _go(self, guest: int, dice: random.Random) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            card = dice.choices((PLAIN, WITH_3DS, None), (4, 4, 1))[0]
            booking = Booking(f"crowd-{guest}-{number}-{dice.getrandbits(64):x}", wish(dice, guest * 10_000 + number), card)
            self.bookings.append(booking)
            Guest(self._running).books(booking)
            self._stopping.wait(self._pause_seconds * dice.random())
