"""Cards that the bank refuses: the guest is told what to do, another card works, and giving up gives the room back."""

from __future__ import annotations

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import DECLINED, NO_FUNDS, PLAIN, WITH_3DS, Guest, stay_of

NOTICED_SECONDS = 5.0


def is_refused(guest: Guest, card: str) -> None:
    """Try to pay with a card that does not work; the guest stays on the provider's page."""
    guest.pays(card)
    if card == WITH_3DS:
        guest.authenticates(passes=False)
    assert guest.page.url.path.startswith("/c/pay/"), guest.page.text


@pytest.mark.parametrize(
    ("card", "code", "words"),
    [
        (DECLINED, "decline", "Your bank declined the card"),
        (NO_FUNDS, "insufficient_funds", "not enough funds"),
        (WITH_3DS, "authentication", "Your bank could not confirm it was you"),
    ],
)
def test_the_guest_is_told_and_another_card_works(guest: Guest, desk: Desk, card: str, code: str, words: str) -> None:
    guest.holds(stay_of()).checks_out()
    is_refused(guest, card)
    seen = guest.waits(lambda found: bool(found["payments"][-1].get("failure")), NOTICED_SECONDS)
    assert code in seen["payments"][-1]["failure"]
    assert seen["state"] == "held"
    guest.follows("Back to")
    assert words in guest.page.text
    assert "Nothing was charged" in guest.page.text
    assert "Your room stays held until" in guest.page.text
    guest.sends("Try")
    assert guest.page.url.path.startswith("/c/pay/")
    guest.pays(PLAIN)
    assert "Your room is yours" in guest.page.text
    paid = guest.waits_for_payment("captured")
    assert desk.kept(guest.held["reservation_id"]) == paid["pay_now"]["amount_minor"]
    assert len(desk.at_stripe("checkout/sessions", guest.held["reservation_id"])) == 1


def test_going_back_at_once_is_never_a_lie(guest: Guest) -> None:
    """Back from a declined card before any webhook came: the page may not know why yet, but says what is so."""
    guest.holds(stay_of()).checks_out()
    is_refused(guest, DECLINED)
    guest.follows("Back to")
    assert "Nothing was charged" in guest.page.text
    assert guest.page.form("t").method == "post"


@pytest.mark.parametrize("card", [DECLINED, WITH_3DS])
def test_giving_up_gives_the_room_back(guest: Guest, desk: Desk, card: str) -> None:
    stay = stay_of()
    free = desk.free(stay)
    guest.holds(stay).checks_out()
    is_refused(guest, card)
    answer = guest.cancels(reason="other")
    assert answer.status_code == 200, answer.text
    assert desk.free(stay, answer.json()["position"]) == free
    guest.waits_for_payment("voided")
    assert desk.kept(guest.held["reservation_id"]) == 0
    assert not {"requires_capture", "succeeded"} & set(desk.reserved(guest.held["reservation_id"]))
    guest.opens(str(guest.page.url))
    assert "expired" in guest.page.text
    assert not [form for form in guest.page.forms if "Pay" in form.buttons]


def test_three_tries_and_then_the_bank_says_yes(guest: Guest, desk: Desk) -> None:
    guest.holds(stay_of()).checks_out()
    for card in (DECLINED, WITH_3DS, NO_FUNDS):
        is_refused(guest, card)
    guest.pays(WITH_3DS)
    guest.authenticates()
    assert "Your room is yours" in guest.page.text
    paid = guest.waits_for_payment("captured")
    assert desk.kept(guest.held["reservation_id"]) == paid["pay_now"]["amount_minor"]
