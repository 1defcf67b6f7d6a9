"""Guests who stay on in their room: whoever comes next gets another one, unless it was promised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from tests.e2e.guest import Guest, Stay
from tests.installation import Running


def day(number: int) -> date:
    """Give the date at the hotel so many days from now."""
    return datetime.now(ZoneInfo("Asia/Colombo")).date() + timedelta(days=number)


def asks(guest: Guest, step: str, **content: Any) -> httpx.Response:
    """Do something with the guest's reservation, as a member of staff."""
    address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}/{step}"
    headers = {**guest.running.staff, "Idempotency-Key": str(uuid4())}
    return httpx.post(address, json=content, headers=headers, timeout=20)


def done(guest: Guest, step: str, **content: Any) -> dict[str, Any]:
    """Do something with the guest's only stay."""
    answer = asks(guest, f"stays/{guest.held['stays'][0]['stay_id']}/{step}", **content)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def stays_until(guest: Guest, departure: date) -> httpx.Response:
    """Ask for another departure."""
    return asks(guest, "change", departure=departure.isoformat())


def test_whoever_comes_next_makes_way_for_guests_who_stay_on(running: Running, invite: Callable[[Running], Guest]) -> None:
    guest, following, promised = invite(running), invite(running), invite(running)
    room = guest.books(Stay(day(0), day(2)))["stays"][0]["room"]
    for other, wish in ((following, Stay(day(2), day(3))), (promised, Stay(day(3), day(4)))):
        if other.books(wish)["stays"][0]["room"] != room:
            done(other, "move", room=room)
    done(promised, "pin", reason="promised")
    done(guest, "check-in")
    departure = day(3)
    answer = stays_until(guest, departure)
    assert answer.status_code == 200, answer.text
    stay = guest.looks(answer.json()["position"])["stays"][0]
    assert (stay["room"], stay["departure"]) == (room, departure.isoformat())
    moved = following.looks(answer.json()["position"])
    assert moved["stays"][0]["room"] != room
    assert "reservation.stay-moved.v1" in [fact["what"] for fact in moved["timeline"]]
    taken = stays_until(guest, day(4))
    assert (taken.status_code, taken.json()["code"]) == (409, "stay.room_taken")
    assert taken.json()["details"]["rooms"], "the refusal names rooms for the further night"
    assert promised.looks()["stays"][0]["room"] == room
    done(promised, "unpin")
    answer = stays_until(guest, day(4))
    assert answer.status_code == 200, answer.text
    assert promised.looks(answer.json()["position"])["stays"][0]["room"] != room
