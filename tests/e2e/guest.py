"""A guest who books over HTTP alone: the API, the pages without JavaScript, the provider's and the bank's pages, the inbox.

Every guest has an address and an e-mail of their own, so that the limits of one are not those of another. What is right
is said by the tests.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from tests.e2e.pages import Page
from tests.installation import Running, wait_for

PLAIN, WITH_3DS = "4242 4242 4242 4242", "4000 0025 0000 3155"
DECLINED, NO_FUNDS = "4000 0000 0000 0002", "4000 0000 0000 9995"
PATIENCE_SECONDS, JOURNEY_SECONDS = 15.0, 60.0
HOTEL = ZoneInfo("Asia/Colombo")
FIRST_WEEK = 5
_numbers = itertools.count(1)
_weeks = itertools.count(FIRST_WEEK)


@dataclass(frozen=True)
class Stay:
    """Room type, plan and dates that a guest wants."""

    arrival: date
    departure: date
    room_type: str = "garden-room"
    rate_plan: str = "flexible"

    @property
    def content(self) -> dict[str, Any]:
        """The stay as the API takes it."""
        dates = {"arrival": self.arrival.isoformat(), "departure": self.departure.isoformat()}
        return {"room_type": self.room_type, "rate_plan": self.rate_plan, **dates}


def stay_of(nights: int = 3, today: date | None = None, **kind: str) -> Stay:
    """Give a stay in a week that nobody else in this run has asked for."""
    arrival = (today or date.today()) + timedelta(weeks=next(_weeks))  # noqa: DTZ011 - any week of the future
    return Stay(arrival, arrival + timedelta(days=nights), **kind)


def hotel_today() -> date:
    """Give the date at the hotel. Just before midnight, wait for the new day: a journey ends on the date on which it began."""
    now = datetime.now(HOTEL)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), HOTEL)
    left = (midnight - now).total_seconds()
    if left > JOURNEY_SECONDS:
        return now.date()
    time.sleep(left)
    return midnight.date()


class Guest:
    """Somebody with a browser, a name, an address and a mailbox; `page` is what the browser shows, `held` what was answered."""

    def __init__(self, running: Running, name: str = "Ada Perera") -> None:
        self.running = running
        number = next(_numbers)
        self.details = {"name": name, "email": f"guest{number}.{uuid4().hex[:6]}@example.com", "phone": "+94 77 123 4567"}
        address = f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 1}"
        self.browser = httpx.Client(
            headers={"X-Forwarded-For": address, "Accept": "text/html,*/*"}, follow_redirects=True, timeout=20
        )
        self.held: dict[str, Any] = {}
        self.page: Page

    def __enter__(self) -> Self:
        """Arrive."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the browser."""
        self.browser.close()

    def asks(self, stay: Stay, key: str | None = None, **changes: Any) -> httpx.Response:
        """Ask the API for a hold."""
        body = {**stay.content, "guest": self.details, **changes}
        return self.browser.post(f"{self.running.api}/holds", json=body, headers={"Idempotency-Key": key or str(uuid4())})

    def holds(self, stay: Stay, **changes: Any) -> Self:
        """Hold a room by the API; fails when that is refused."""
        answer = self.asks(stay, **changes)
        assert answer.status_code == 201, answer.text
        self.held = answer.json()
        return self

    def opens(self, address: str) -> Self:
        """Go to an address."""
        self.page = Page(self.browser.get(address))
        return self

    def checks_out(self) -> Self:
        """Go to the payment page of the hold, as the link in the answer leads."""
        self.opens(self.held["checkout_url"])
        assert self.page.url.path.startswith("/c/pay/"), self.page.text
        return self

    def pays(self, card: str) -> Self:
        """Type a card on the provider's page and press Pay."""
        return self.sends("Pay", card_number=card, expiry="12/34", cvc="123")

    def authenticates(self, *, passes: bool = True) -> Self:
        """Press one of the bank's two buttons."""
        assert "Complete authentication" in self.page.text, self.page.text
        return self.sends("Complete authentication", outcome="complete" if passes else "fail")

    def sends(self, button: str, **typed: str) -> Self:
        """Fill in the form with this button and press it."""
        form = self.page.form(button)
        address = self.page.url.join(form.action) if form.action else self.page.url
        answer = self.browser.post(address, data={**form.fields, **typed})
        self.page = Page(answer)
        return self

    def follows(self, words: str) -> Self:
        """Press a link."""
        return self.opens(self.page.link(words))

    @property
    def manage(self) -> dict[str, str]:
        """The header that proves who has the manage link."""
        return {"Manage-Token": self.held["manage_url"].rpartition("/")[2]}

    def looks(self, after: int | None = None) -> dict[str, Any]:
        """Read the reservation by the API; as it is at a position, which may take several looks."""
        address = f"{self.running.api}/reservations/{self.held['reservation_id']}"

        def look() -> dict[str, Any] | None:
            answer = self.browser.get(address, headers=self.manage, params={"after": after} if after else {})
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found if found["position"] >= (after or 0) else None

        return wait_for(look, PATIENCE_SECONDS, lambda: f"the reservation does not come to position {after}")

    def waits(self, happened: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Look at the reservation until something has happened, and give it."""
        return wait_for(lambda: found if happened(found := self.looks()) else None, seconds, lambda: str(self.looks()))

    def waits_for_payment(self, state: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait until the last payment is in a state."""
        return self.waits(lambda found: bool(found["payments"]) and found["payments"][-1]["state"] == state, seconds)

    def cancels(self, *, preview: bool = False, **body: Any) -> httpx.Response:
        """Cancel by the API, or ask what it would cost."""
        address = f"{self.running.api}/reservations/{self.held['reservation_id']}/cancel"
        headers = {**self.manage, "Idempotency-Key": str(uuid4())}
        return self.browser.post(address, json=body, params={"preview": "true"} if preview else {}, headers=headers)

    def mails(self) -> list[dict[str, Any]]:
        """Read the mailbox, newest first."""
        found: list[dict[str, Any]] = self.running.control("GET", f"/mail.json?to={self.details['email']}")
        return found

    def waits_for_mail(self, words: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait for a mail with these words in its subject."""
        wanted = words.lower()
        return wait_for(
            lambda: next((mail for mail in self.mails() if wanted in mail["subject"].lower()), None),
            seconds, lambda: f"no {words!r} among {[mail['subject'] for mail in self.mails()]}",
        )  # fmt: skip

    def books(self, stay: Stay, card: str = PLAIN) -> dict[str, Any]:
        """Walk the whole way with a good card, until the money is there."""
        self.holds(stay).checks_out().pays(card)
        if card == WITH_3DS:
            self.authenticates()
        return self.waits_for_payment("captured")
