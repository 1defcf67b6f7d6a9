"""What the hotel and the vendor see from outside: availability, revenue, the log's head, the provider's own objects."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any, Self

import httpx

from tests.e2e.guest import PATIENCE_SECONDS, Stay
from tests.installation import Running, wait_for

QUIET_SECONDS, LONGEST_SECONDS = 1.2, 20.0
BY_THEMSELVES = ("saga:", "webhook:")


class Desk:
    """Somebody with a key for everything."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.http = httpx.Client(headers=running.staff, timeout=20)
        self._head = 0

    def __enter__(self) -> Self:
        """Arrive."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self.http.close()

    def reads(self, path: str, **query: Any) -> httpx.Response:
        """Read from the API."""
        answer = self.http.get(f"{self.running.api}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer

    def reads_at(self, path: str, after: int | None = None, **query: Any) -> httpx.Response:
        """Read what is so at a position, or at the log's end; the answer may be late, so it is asked for until it is not."""
        wanted = after or self.head()

        def look() -> httpx.Response | None:
            answer = self.reads(path, after=wanted, **query)
            return answer if int(answer.headers["Ledger-Position"]) >= wanted else None

        return wait_for(look, PATIENCE_SECONDS, lambda: f"{path} does not come to position {wanted}")

    def free(self, stay: Stay, after: int | None = None) -> dict[date, int]:
        """Tell how many rooms of the stay's type are free, night by night, from the day before it to the day after."""
        first, last = stay.arrival - timedelta(days=1), stay.departure + timedelta(days=1)
        answer = self.reads_at("calendar", after, **{"room_type": stay.room_type, "from": first, "to": last}).json()
        return {date.fromisoformat(each["date"]): each["free"] for each in answer["dates"]}

    def revenue(self, stay: Stay, after: int | None = None) -> tuple[int, int]:
        """Give (room-nights, room revenue in minor units) on the books for the nights around the stay."""
        answer = self.reads_at("revenue", after, **{"from": stay.arrival - timedelta(days=1), "to": stay.departure}).json()
        return answer["total"]["room_nights"], answer["total"]["room_revenue"]["amount_minor"]

    def head(self) -> int:
        """Give the position of the last event."""
        while (last := int(self.reads("events", after=self._head, limit=1000).json()["last"])) != self._head:
            self._head = last
        return self._head

    def waits_for_quiet(self) -> int:
        """Wait until nothing is written any more, and give the head."""
        deadline = time.monotonic() + LONGEST_SECONDS
        head, since = self.head(), time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            assert time.monotonic() < deadline, "the log does not come to rest"
            time.sleep(0.1)
            if (now := self.head()) != head:
                head, since = now, time.monotonic()
        return head

    def asked_since(self, position: int) -> list[str]:
        """List what people have brought into the log since: timers of other guests' holds and webhooks come when they like."""
        found = self.reads("events", after=position, limit=1000).json()["events"]
        return [event["topic"] for event in found if not event["actor"].startswith(BY_THEMSELVES)]

    def happened_since(self, position: int, stream: str) -> list[str]:
        """List what has happened since to one aggregate, whoever did it."""
        found = self.reads("events", after=position, limit=1000).json()["events"]
        return [event["topic"] for event in found if event["stream"] == stream]

    def history(self, reservation_id: str) -> list[dict[str, Any]]:
        """Give every event that belongs to a reservation's own stream."""
        found, position = [], 0
        while True:
            answer = self.reads("events", after=position, limit=1000).json()
            found += [event for event in answer["events"] if event["stream"] == reservation_id]
            if answer["last"] == position:
                return found
            position = answer["last"]

    def at_stripe(self, kind: str, reservation_id: str) -> list[dict[str, Any]]:
        """List the provider's own objects (checkout/sessions, payment_intents, charges) of a reservation."""
        headers = {"Authorization": "Bearer sk_test_1"}
        answer = httpx.get(f"{self.running.sandbox}/v1/{kind}", params={"limit": 100}, headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return [each for each in answer.json()["data"] if each["metadata"].get("reservation_id") == reservation_id]

    def kept(self, reservation_id: str) -> int:
        """Give what the hotel has of a reservation's money at the provider, in minor units: captured less refunded."""
        charges = self.at_stripe("charges", reservation_id)
        return sum(each["amount_captured"] - each["amount_refunded"] for each in charges)

    def reserved(self, reservation_id: str) -> list[str]:
        """Name the states of the provider's intents of a reservation."""
        return [each["status"] for each in self.at_stripe("payment_intents", reservation_id)]
