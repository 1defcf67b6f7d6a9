"""What the hotel and other guests do meanwhile, over the API, while a visitor's browser stands on a page."""

from __future__ import annotations

import json
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from tests.browser.visitor import PATIENCE_MS, Visitor
from tests.e2e.guest import hotel_today
from tests.installation import Running, wait_for

GUEST = {"name": "Somebody Else", "email": "else@example.com"}


def own_page(visitor: Visitor) -> str:
    """Give the address of the booking whose page the visitor is on."""
    return visitor.page.url.partition("?")[0]


def does(running: Running, path: str, body: dict[str, Any]) -> Any:
    """Let the staff do something; it must work. The answer says at which `position` it was written.

    Told that a payment is just being completed, they try again in a moment, as the answer says.
    """

    def ask() -> httpx.Response | None:
        headers = {**running.staff, "Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
        answer = httpx.post(running.api + path, content=json.dumps(body), headers=headers, timeout=10)
        return None if answer.status_code == HTTPStatus.CONFLICT and answer.json()["code"] == "payment.in_flight" else answer

    answer = wait_for(ask, PATIENCE_MS / 1000, lambda: f"{path}: the payment does not come to its end")
    assert answer.is_success, answer.text
    return {**answer.json(), "position": int(answer.headers["Ledger-Position"])}


def does_to_stay(visitor: Visitor, step: str, body: dict[str, Any] | None = None) -> None:
    """Let the staff do something with the first stay of the booking that the visitor looks at; show the page again."""
    page = own_page(visitor)
    reservation_id = page.rpartition("/")[2]
    found = httpx.get(f"{visitor.running.api}/reservations/{reservation_id}", headers=visitor.running.staff, timeout=10).json()
    does(visitor.running, f"/reservations/{reservation_id}/stays/{found['stays'][0]['stay_id']}/{step}", body or {})
    visitor.page.goto(page)


def walks_in(visitor: Visitor, nights: int = 2) -> None:
    """Check the visitor in at the reception, and open the page of that booking."""
    today = hotel_today()
    body = {
        "room_type": "tea-suite", "rate_plan": "flexible", "arrival": today.isoformat(),
        "departure": (today + timedelta(days=nights)).isoformat(), "guest": {"name": "Ada Perera", "email": visitor.email},
    }  # fmt: skip
    visitor.page.goto(does(visitor.running, "/walk-ins", body)["manage_url"])


def offers(running: Running, dates: dict[str, str], after: int) -> list[dict[str, Any]]:
    """List what is free, as soon as that is known up to a position."""

    def look() -> list[dict[str, Any]] | None:
        answer = httpx.get(f"{running.api}/availability", params={**dates, "after": after}, timeout=10).json()
        found: list[dict[str, Any]] = answer["offers"]
        return found if answer["position"] >= after else None

    return wait_for(look, PATIENCE_MS / 1000, lambda: f"what is free does not come to position {after}")


def fills(running: Running, arrival: date, departure: date, room_type: str = "") -> None:
    """Take every room that is free for these nights, or every one of a type."""
    dates, after = {"arrival": arrival.isoformat(), "departure": departure.isoformat()}, 0
    while True:
        free = offers(running, dates, after)
        left = {each["room_type"]: each["rooms_left"] for each in free if each["rate_plan"] == "flexible"}
        wanted = {kind: rooms for kind, rooms in left.items() if rooms and room_type in {"", kind}}
        if not wanted:
            return
        for kind, rooms in wanted.items():
            hold = {"room_type": kind, "rate_plan": "flexible", **dates, "rooms": rooms, "guest": GUEST}
            after = does(running, "/holds", hold)["position"]
