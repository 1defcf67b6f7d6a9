"""Guests who leave the payment page: told that the room is still there, able to go on, able to give it back at once."""

from __future__ import annotations

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, WITH_3DS, Guest, stay_of


def test_back_and_on_again(guest: Guest, desk: Desk) -> None:
    guest.holds(stay_of()).checks_out()
    page = guest.page.url.path
    guest.follows("Back to")
    assert "Your room is still here" in guest.page.text
    assert "Nothing was charged" in guest.page.text
    guest.sends("Go on to payment")
    assert guest.page.url.path == page, "one live payment page a reservation"
    guest.pays(PLAIN)
    assert "Your room is yours" in guest.page.text
    paid = guest.waits_for_payment("captured")
    assert desk.kept(guest.held["reservation_id"]) == paid["pay_now"]["amount_minor"]


def test_by_the_link_of_the_booking(guest: Guest) -> None:
    guest.holds(stay_of())
    guest.opens(guest.held["manage_url"])
    assert "Your room is waiting for you" in guest.page.text
    assert "/manage/" not in str(guest.page.url), "the link's token must not stay in the address"
    guest.follows("Go on to payment")
    guest.pays(PLAIN)
    assert "Your room is yours" in guest.page.text


@pytest.mark.parametrize("card", [None, WITH_3DS])
def test_giving_it_back_frees_the_room_at_once(guest: Guest, desk: Desk, card: str | None) -> None:
    stay = stay_of()
    free = desk.free(stay)
    guest.holds(stay).checks_out()
    if card:
        guest.pays(card)
    assert desk.free(stay, guest.held["position"]) != free
    at_bank = guest.page
    guest.opens(guest.held["manage_url"]).follows("Give the room back")
    assert guest.page.status == 200
    guest.sends("Cancel it")
    assert guest.page.status == 200, guest.page.text
    found = guest.waits(lambda seen: seen["state"] == "abandoned")
    assert desk.free(stay, found["position"]) == free
    guest.waits_for_payment("voided")
    if card:
        guest.page = at_bank
        guest.authenticates()
        assert "Your room is yours" not in guest.page.text
    assert desk.kept(guest.held["reservation_id"]) == 0


def test_who_gave_it_back_may_not_pay_any_more(guest: Guest, desk: Desk) -> None:
    guest.holds(stay_of())
    assert guest.cancels().status_code == 200
    guest.opens(guest.held["checkout_url"])
    assert guest.page.url.path.startswith("/pay/")
    assert "Search again" in guest.page.text
    assert desk.at_stripe("checkout/sessions", guest.held["reservation_id"]) == []


def test_an_unpaid_hold_makes_nothing_at_the_provider(guest: Guest, desk: Desk) -> None:
    guest.holds(stay_of())
    desk.waits_for_quiet()
    assert desk.at_stripe("checkout/sessions", guest.held["reservation_id"]) == []
