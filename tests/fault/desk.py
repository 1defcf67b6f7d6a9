"""One guest's booking, step by step, where a test must stand between the steps: hold, open, pay, cancel, look."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from ledger.ids import payment_id
from tests.fault.evidence import Told, log_of
from tests.fault.guests import WITH_3DS
from tests.installation import Running, wait_for

Json = dict[str, Any]
FAR_AWAY = 40
"""Days until the first arrival: cancelling is free of charge."""


class Stay:
    """A booking of one room for two nights, each in its own month, so that these guests never meet."""

    _count = 0

    def __init__(self, running: Running) -> None:
        Stay._count += 1
        arrival = date.today() + timedelta(days=FAR_AWAY + 2 * Stay._count)  # noqa: DTZ011 - any day of the future
        self._running = running
        self.key = str(uuid4())
        self.content: Json = {
            "room_type": "garden-room",
            "rate_plan": "flexible",
            "arrival": arrival.isoformat(),
            "departure": (arrival + timedelta(days=2)).isoformat(),
            "guest": {"name": "Nimali Perera", "email": f"nimali{Stay._count}@example.com"},
        }
        self.told: Json = {}
        self.page = httpx.Response(204)

    @property
    def reservation_id(self) -> UUID:
        """The reservation that was acknowledged."""
        return UUID(self.told["reservation_id"])

    @property
    def payment_id(self) -> UUID:
        """The payment of its deposit."""
        return payment_id(self.reservation_id, "deposit", 1)

    def ask(self) -> httpx.Response:
        """Ask for the room once, under the booking's key."""
        return httpx.post(f"{self._running.api}/holds", json=self.content, headers={"Idempotency-Key": self.key}, timeout=30)

    def same(self, answer: httpx.Response) -> bool:
        """Tell whether an answer is about the reservation that was acknowledged."""
        return bool(answer.json().get("reservation_id") == self.told["reservation_id"])

    def held(self) -> Stay:
        """Hold the room."""
        answer = self.ask()
        assert answer.status_code == 201, answer.text
        self.told = answer.json()
        return self

    def opened(self, seconds: float = 60) -> Stay:
        """Go to the vendor's page, as often as it takes until it is there."""

        def look() -> httpx.Response | None:
            page = httpx.get(self.told["checkout_url"], follow_redirects=True, timeout=20)
            return page if page.url.port == self._running.sandbox_port else None

        self.page = wait_for(look, seconds, self._running.said)
        return self

    def paid(self, card: str = WITH_3DS) -> Stay:
        """Pay and authenticate at the vendor, and close the browser before it comes back to us."""
        typed = {"card_number": card, "expiry": "12/34", "cvc": "123", "email": self.content["guest"]["email"]}
        answer = httpx.post(self.page.url, data=typed)
        if "/c/3ds/" in answer.headers["location"]:
            answer = httpx.post(answer.url.join(answer.headers["location"]), data={"outcome": "complete"})
        while answer.headers["location"].startswith("/"):
            answer = httpx.get(answer.url.join(answer.headers["location"]))
        assert "/return" in answer.headers["location"], answer.text
        return self

    def comes_back(self) -> None:
        """Come back from the vendor to our own page."""
        assert httpx.get(f"{self.told['checkout_url']}/return", follow_redirects=True, timeout=20).status_code == 200

    def cancelled(self) -> Json:
        """Cancel by the manage token."""
        answer = httpx.post(
            f"{self._running.api}/reservations/{self.reservation_id}/cancel",
            json={"reason": "other"}, headers={"Idempotency-Key": str(uuid4()), **self._token()}, timeout=30,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def seen(self) -> Json:
        """Read the reservation as its guest may."""
        address = f"{self._running.api}/reservations/{self.reservation_id}"
        answer = httpx.get(address, params={"after": self.told["position"]}, headers=self._token(), timeout=30)
        found: Json = answer.raise_for_status().json()
        return found

    def waits_for(self, state: str, payment: str, seconds: float = 60) -> Stay:
        """Wait until reservation and payment are in these states."""

        def look() -> bool | None:
            seen = self.seen()
            return True if (seen["state"], seen["payments"][-1]["state"]) == (state, payment) else None

        wait_for(look, seconds, lambda: str(self.seen()))
        return self

    def story(self) -> list[str]:
        """List the topics of reservation and payments in order, without the mere reasons to look."""
        log = log_of(self._running)
        return [told.topic for told in log if self._is_mine(told) and told.topic != "payment.poked.v1"]

    def _is_mine(self, told: Told) -> bool:
        kind = told.topic.partition(".")[0]
        mine = str(self.reservation_id)
        return told.stream == self.reservation_id or (kind == "payment" and told.event.get("reservation_id") == mine)

    def _token(self) -> dict[str, str]:
        return {"Manage-Token": self.told["manage_url"].rpartition("/manage/")[2]}
