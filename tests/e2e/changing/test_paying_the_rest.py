"""Paying what the deposit left: in parts, with a card that asks the bank, and never more than is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.desk import Desk
from tests.e2e.guest import DECLINED, PLAIN, WITH_3DS, Guest, stay_of
from tests.installation import Running


def payments(guest: Guest, *, preview: bool = False, **body: Any) -> httpx.Response:
    """Ask for a page to pay the rest, or only what the rest is."""
    address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}/payments"
    query = {"preview": "true"} if preview else {}
    headers = {**guest.manage, "Idempotency-Key": str(uuid4())}
    return guest.browser.post(address, json=body, params=query, headers=headers)


def due(guest: Guest) -> int:
    """Give what is left to pay, in minor units."""
    answer = payments(guest, preview=True)
    assert answer.status_code == 200, answer.text
    left: int = answer.json()["due"]["amount_minor"]
    return left


def goes_to_pay(guest: Guest, **body: Any) -> None:
    """Open the page that was asked for."""
    answer = payments(guest, **body)
    assert answer.status_code == 200, answer.text
    guest.opens(answer.json()["checkout_url"])
    assert guest.page.url.path.startswith("/c/pay/"), guest.page.text


def test_the_rest_is_paid_in_two_parts(guest: Guest, desk: Desk) -> None:
    booked = guest.books(stay_of())
    reservation_id = booked["reservation_id"]
    whole, deposit = booked["total"]["amount_minor"], booked["paid"]["amount_minor"]
    assert due(guest) == booked["balance"]["amount_minor"] == whole - deposit > 0
    goes_to_pay(guest, amount_minor=1_000)
    guest.pays(WITH_3DS).authenticates()
    guest.waits(lambda found: found["paid"]["amount_minor"] == deposit + 1_000)
    assert "left to pay" in guest.waits_for_mail("payment for")["text"].lower()
    goes_to_pay(guest)
    guest.pays(PLAIN)
    found = guest.waits(lambda found: found["balance"]["amount_minor"] == 0)
    assert [row["purpose"] for row in found["payments"]] == ["deposit", "balance", "balance"]
    guest.waits_for_payment("captured")
    assert desk.kept(reservation_id) == whole
    refused = payments(guest)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment.nothing_due")


def test_coming_back_after_the_provider_has_told_us_is_no_new_booking(guest: Guest) -> None:
    guest.books(stay_of())
    goes_to_pay(guest, amount_minor=1_000)
    guest.pays(PLAIN)
    guest.waits_for_payment("captured")
    guest.opens(f"{guest.held['checkout_url']}/return")
    assert dict(guest.page.url.params) == {"paid": "1"}
    assert "your payment has arrived" in guest.page.text, guest.page.text


def test_another_amount_closes_the_first_page(guest: Guest, desk: Desk) -> None:
    booked = guest.books(stay_of())
    goes_to_pay(guest, amount_minor=1_000)
    first = guest.page.url
    goes_to_pay(guest, amount_minor=2_000)
    assert guest.page.url != first
    guest.pays(PLAIN)
    found = guest.waits_for_payment("captured")
    states = [row["state"] for row in guest.waits(lambda found: found["payments"][1]["state"] == "voided")["payments"]]
    assert states == ["captured", "voided", "captured"]
    assert desk.kept(found["reservation_id"]) == booked["paid"]["amount_minor"] + 2_000


def test_a_declined_card_leaves_the_booking_as_it_is(guest: Guest) -> None:
    booked = guest.books(stay_of())
    goes_to_pay(guest)
    guest.pays(DECLINED).pays(PLAIN)
    found = guest.waits(lambda found: found["balance"]["amount_minor"] == 0)
    assert found["state"] == "confirmed"
    assert found["total"] == booked["total"]


def test_more_than_is_left_and_nothing_held_are_refused(
    guest: Guest, running: Running, invite: Callable[[Running], Guest]
) -> None:
    booked = guest.books(stay_of())
    left = booked["balance"]["amount_minor"]
    refused = payments(guest, amount_minor=left + 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment.too_much")
    assert refused.json()["details"]["balance_minor"] == left
    malformed = payments(guest, amount_minor=0)
    assert malformed.status_code == 422
    holder = invite(running).holds(stay_of())
    assert due(holder) == holder.held["pay_now"]["amount_minor"], "a hold is kept by its deposit"
    assert payments(holder).json()["code"] == "reservation.not_confirmed"
