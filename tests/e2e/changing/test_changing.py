"""Changing what was booked: longer and paid with a card that asks the bank, shorter and given back, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.changing.test_paying_the_rest import goes_to_pay
from tests.e2e.desk import Desk
from tests.e2e.guest import WITH_3DS, Guest, Stay, stay_of

UNCHANGED = ("version", "state", "stays", "total", "balance", "changes", "payments")


def changes(guest: Guest, *, preview: bool = False, **content: Any) -> httpx.Response:
    """Ask the API for a change, with the manage link's token, or what it would cost."""
    address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}/change"
    headers = {**guest.manage, "Idempotency-Key": str(uuid4())}
    return guest.browser.post(address, json=content, params={"preview": "true"} if preview else {}, headers=headers)


def moved(stay: Stay, **days: int) -> dict[str, Any]:
    """Write the dates of a stay, moved by so many days."""
    dates: dict[str, date] = {"arrival": stay.arrival, "departure": stay.departure}
    return {name: (dates[name] + timedelta(days=count)).isoformat() for name, count in days.items()}


def test_two_nights_more_are_paid_and_one_less_comes_back(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    free, books = desk.free(stay), desk.revenue(stay)
    booked = guest.books(stay)
    whole, paid = booked["total"]["amount_minor"], booked["paid"]["amount_minor"]

    longer = moved(stay, departure=2)
    seen = changes(guest, preview=True, **longer).json()
    assert (seen["before"]["amount_minor"], seen["nights"], seen["reason"]) == (whole, 5, "dates")
    assert seen["total"]["amount_minor"] == whole + seen["difference"]["amount_minor"] > whole
    assert (seen["refund"]["amount_minor"], seen["balance"]["amount_minor"]) == (0, seen["total"]["amount_minor"] - paid)
    assert guest.looks()["total"]["amount_minor"] == whole, "a preview changes nothing"

    deed = changes(guest, **longer, expected_difference_minor=seen["difference"]["amount_minor"])
    assert deed.status_code == 200, deed.text
    found = guest.looks(deed.json()["position"])
    assert (found["stays"][0]["nights"], found["total"]) == (5, seen["total"])
    assert found["balance"] == seen["balance"]
    assert [row["reason"] for row in found["changes"]] == ["dates"]
    at = deed.json()["position"]
    nights = [stay.arrival + timedelta(days=day) for day in range(5)]
    after = Stay(stay.arrival, stay.departure + timedelta(days=2))
    assert desk.revenue(after, at)[0] == books[0] + 5
    assert "was changed" in guest.waits_for_mail("was changed")["subject"]

    goes_to_pay(guest)
    guest.pays(WITH_3DS).authenticates()
    settled = guest.waits(lambda found: found["balance"]["amount_minor"] == 0 and found["payments"][-1]["state"] == "captured")
    assert desk.kept(settled["reservation_id"]) == settled["total"]["amount_minor"]

    shorter = moved(stay, departure=-1)
    seen = changes(guest, preview=True, **shorter).json()
    back = seen["refund"]["amount_minor"]
    assert back == -seen["difference"]["amount_minor"] > 0
    deed = changes(guest, **shorter)
    assert deed.status_code == 200, deed.text
    assert deed.json()["refund"]["amount_minor"] == back
    guest.waits(lambda found: any(row["state"] == "refunded" for row in found["payments"]))
    assert desk.kept(settled["reservation_id"]) == settled["total"]["amount_minor"] - back
    assert guest.looks()["balance"]["amount_minor"] == 0
    assert guest.waits_for_mail("refund")
    last = desk.free(stay, deed.json()["position"])
    assert [free[night] - last[night] for night in nights[:3]] == [1, 1, 0]


def test_two_changes_at_once_give_two_parts_back_of_one_payment(guest: Guest, desk: Desk) -> None:
    stay = stay_of(nights=5, rate_plan="advance-saver")
    booked = guest.books(stay)
    whole = booked["paid"]["amount_minor"]
    assert whole == booked["total"]["amount_minor"], "this rate is paid when booked"
    parts = []
    for nights in (-1, -2):
        address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}/change"
        headers = {**guest.running.staff, "Idempotency-Key": str(uuid4())}
        deed = httpx.post(address, json=moved(stay, departure=nights), headers=headers, timeout=20)
        assert deed.status_code == 200, deed.text
        parts.append(deed.json()["refund"]["amount_minor"])
    assert all(part > 0 for part in parts)
    found = guest.waits(lambda found: (found["payments"][0].get("refunded") or {}).get("amount_minor") == sum(parts))
    assert found["payments"][0]["state"] == "refunded"
    assert desk.kept(found["reservation_id"]) == whole - sum(parts) == found["total"]["amount_minor"]
    assert [mail["subject"].startswith("Your refund") for mail in guest.mails()].count(True) <= 2


def test_what_cannot_be_changed_says_why_and_changes_nothing(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    guest.books(stay)
    before = guest.looks()
    for content, code in (
        (moved(stay, arrival=0), "stay.nothing_new"),
        (moved(stay, departure=-9), "dates.departure_not_after_arrival"),
        ({"adults": 9}, "property.too_many_guests"),
        ({"room_type": "igloo"}, "property.room_type_unknown"),
        ({"rate_plan": "free"}, "rates.plan_unknown"),
        ({**moved(stay, departure=1), "expected_difference_minor": 1}, "stay.difference_changed"),
        ({**moved(stay, departure=1), "expected_version": 1}, "reservation.changed_since"),
        ({"stay_id": str(uuid4()), "adults": 1}, "reservation.stay_unknown"),
        ({"nights": 4}, "malformed"),
    ):
        refused = changes(guest, **content)
        assert (refused.json()["code"], refused.is_success) == (code, False), (content, refused.text)
    after = guest.looks()
    assert [after[part] for part in UNCHANGED] == [before[part] for part in UNCHANGED]
    assert guest.cancels(expected_version=1).json()["code"] == "reservation.changed_since"
    assert guest.cancels(expected_version=before["version"]).status_code == 200
    assert changes(guest, adults=1).json()["code"] == "stay.not_in_state"
    stay_id = before["stays"][0]["stay_id"]
    assert changes(guest, adults=1, stay_id=stay_id).json()["code"] == "stay.not_in_state"
    assert changes(guest, preview=True, adults=1, stay_id=stay_id).json()["code"] == "stay.not_in_state"
