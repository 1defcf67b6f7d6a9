"""What the hotel and the vendor see from outside: availability, revenue, the log's head, the provider's own objects."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any, Self

import httpx

from tests.e2e.guest import Stay
from tests.installation import Running

QUIET_SECONDS, LONGEST_SECONDS = 1.2, 20.0


class Desk:
    """Somebody with a key for everything."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.http = httpx.Client(headers=running.staff, timeout=20)

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

    def free(self, stay: Stay, after: int | None = None) -> dict[date, int]:
        """Tell how many rooms of the stay's type are free, night by night, from the day before it to the day after."""
        first, last = stay.arrival - timedelta(days=1), stay.departure + timedelta(days=1)
        query = {"room_type": stay.room_type, "from": first, "to": last} | ({"after": after} if after else {})
        answer = self.reads("calendar", **query).json()
        assert answer["position"] >= (after or 0)
        return {date.fromisoformat(each["date"]): each["free"] for each in answer["dates"]}

    def revenue(self, stay: Stay, after: int | None = None) -> tuple[int, int]:
        """Give (room-nights, room revenue in minor units) on the books for the nights around the stay."""
        query = {"from": stay.arrival - timedelta(days=1), "to": stay.departure} | ({"after": after} if after else {})
        answer = self.reads("revenue", **query).json()
        assert answer["position"] >= (after or 0)
        return answer["total"]["room_nights"], answer["total"]["room_revenue"]["amount_minor"]

    def head(self) -> int:
        """Give the position of the last event."""
        position = 0
        while True:
            last = int(self.reads("events", after=position, limit=1000).json()["last"])
            if last == position:
                return position
            position = last

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
