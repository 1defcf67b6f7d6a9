"""Cancelling a confirmed booking: free of charge in time, the fee kept later, and the preview is what is then done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import PATIENCE_SECONDS, PLAIN, Guest, Stay, hotel_today, stay_of
from tests.installation import wait_for


def tomorrow(nights: int, **kind: str) -> Stay:
    """Give a stay so soon that cancelling it costs a fee."""
    arrival = hotel_today() + timedelta(days=1)
    return Stay(arrival, arrival + timedelta(days=nights), **kind)


def money(answer: Any) -> tuple[int, int]:
    """Give (fee, refund) in minor units."""
    return answer.json()["fee"]["amount_minor"], answer.json()["refund"]["amount_minor"]


def waits_for_money_back(desk: Desk, guest: Guest, kept: int) -> None:
    """Wait until the provider has given back all but `kept`."""
    reservation_id = guest.held["reservation_id"]
    wait_for(
        lambda: True if desk.kept(reservation_id) == kept else None, PATIENCE_SECONDS, lambda: str(desk.kept(reservation_id))
    )


def test_free_of_charge(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    free, books = desk.free(stay), desk.revenue(stay)
    paid = guest.books(stay)
    assert desk.free(stay, paid["position"]) != free
    preview = guest.cancels(preview=True)
    assert money(preview) == (0, paid["pay_now"]["amount_minor"])
    assert guest.looks()["state"] == "confirmed", "a preview changes nothing"
    deed = guest.cancels(reason="illness", expected_fee_minor=0)
    assert deed.status_code == 200, deed.text
    assert money(deed) == money(preview)
    position = deed.json()["position"]
    assert desk.free(stay, position) == free
    assert desk.revenue(stay, position) == books
    waits_for_money_back(desk, guest, kept=0)
    assert guest.waits_for_payment("refunded")["paid"]["amount_minor"] == 0
    assert "0.00" not in guest.waits_for_mail("refund")["text"]
    assert guest.waits_for_mail("is cancelled")


def test_inside_the_fee_window(guest: Guest, desk: Desk) -> None:
    """Five nights: the deposit is more than the first night, so the fee is kept and the rest goes back."""
    stay = tomorrow(5)
    books = desk.revenue(stay)
    paid = guest.books(stay)
    fee, refund = money(guest.cancels(preview=True))
    assert fee > 0
    assert refund > 0
    assert fee + refund == paid["pay_now"]["amount_minor"]
    wrong = guest.cancels(expected_fee_minor=fee - 1)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "reservation.fee_changed")
    assert guest.looks()["state"] == "confirmed"
    deed = guest.cancels(expected_fee_minor=fee)
    assert money(deed) == (fee, refund)
    assert desk.revenue(stay, deed.json()["position"]) == books
    waits_for_money_back(desk, guest, kept=fee)
    told = guest.waits_for_payment("refunded")
    assert told["paid"]["amount_minor"] == fee
    assert told["balance"]["amount_minor"] == 0


def test_a_rate_without_refund_keeps_all(guest: Guest, desk: Desk) -> None:
    paid = guest.books(stay_of(rate_plan="advance-saver"))
    fee, refund = money(guest.cancels(preview=True))
    assert (fee, refund) == (paid["total"]["amount_minor"], 0)
    assert money(guest.cancels(expected_fee_minor=fee)) == (fee, refund)
    assert guest.waits_for_mail("is cancelled")
    assert desk.kept(guest.held["reservation_id"]) == fee
    assert not [mail for mail in guest.mails() if "refund" in mail["subject"].lower()]


@pytest.mark.parametrize("soon", [False, True])
def test_on_the_page_the_preview_is_the_deed(guest: Guest, desk: Desk, soon: bool) -> None:
    guest.books(tomorrow(5, room_type="valley-room") if soon else stay_of())
    fee, refund = money(guest.cancels(preview=True))
    guest.opens(guest.held["manage_url"]).follows("Cancel this stay")
    assert f"${refund / 100:,.2f}" in guest.page.text
    assert f"${fee / 100:,.2f}" in guest.page.text
    guest.sends("Cancel it and refund")
    assert "This stay is cancelled" in guest.page.text
    waits_for_money_back(desk, guest, kept=fee)


@pytest.mark.parametrize("page", ["", "?back=1", "/return"])
def test_the_payment_link_of_a_cancelled_stay(guest: Guest, page: str) -> None:
    """It was paid for and cancelled: the old link must not say that nothing was ever charged."""
    guest.books(stay_of())
    guest.cancels()
    guest.opens(guest.held["checkout_url"] + page)
    assert "This stay is cancelled" in guest.page.text
    assert "not been charged" not in guest.page.text


def test_twice_is_once(guest: Guest, desk: Desk) -> None:
    guest.books(stay_of(), PLAIN)
    assert guest.cancels().status_code == 200
    again = guest.cancels()
    assert (again.status_code, again.json()["code"]) == (409, "reservation.not_confirmed")
    waits_for_money_back(desk, guest, kept=0)
    guest.waits_for_mail("refund")
    guest.waits_for_mail("is cancelled")
    assert len([mail for mail in guest.mails() if "is cancelled" in mail["subject"]]) == 1


def test_while_the_money_is_still_being_taken(guest: Guest, desk: Desk) -> None:
    """Cancelled the moment the booking is confirmed: told to wait or done, but never charged for nothing."""
    guest.holds(stay_of()).checks_out().pays(PLAIN)
    first = guest.cancels()
    assert first.status_code in {200, 409}, first.text
    if first.status_code == 409:
        guest.waits_for_payment("captured")
        assert guest.cancels().status_code == 200
    waits_for_money_back(desk, guest, kept=0)
