"""Holds that run out: the rooms are free again, the guest is told, nobody can pay any more, and late money goes back.

The clock is moved, not waited for; the tests of this file run in order on an installation of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, WITH_3DS, Guest, Stay, stay_of
from tests.installation import Running, wait_for

HOLD_SECONDS = 900
SLACK_SECONDS = 5
Invite = Callable[[Running], Guest]


def passes(running: Running, seconds: float) -> None:
    """Let time go by, for the hotel and for its vendors."""
    running.control("POST", "/clock", {"advance_seconds": seconds})


def today_of(running: Running) -> datetime:
    """Tell the moment that the installation believes in."""
    return datetime.fromisoformat(running.control("GET", "/clock")["at"])


def a_stay(running: Running, room_type: str = "garden-room") -> Stay:
    """Give a stay some weeks after the installation's today."""
    return stay_of(today=today_of(running).date(), room_type=room_type)


def test_an_expired_hold(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = invite(moved)
    stay = a_stay(moved)
    free = moved_desk.free(stay)
    guest.holds(stay).checks_out()
    at_checkout = str(guest.page.url)
    passes(moved, HOLD_SECONDS - 60)
    assert guest.looks()["state"] == "held"
    passes(moved, 60 + SLACK_SECONDS)
    found = guest.waits(lambda seen: any(fact["what"] == "reservation.expired.v1" for fact in seen["timeline"]))
    assert found["state"] == "expired"
    assert moved_desk.free(stay, found["position"]) == free
    guest.waits_for_payment("voided")

    mail = guest.waits_for_mail("nothing was booked")
    assert moved.url in mail["text"], "the mail must say the next step"
    guest.opens(at_checkout)
    assert "expired" in guest.page.text
    assert not [form for form in guest.page.forms if "Pay" in form.buttons]
    guest.follows("Back to")
    assert "We had to let the room go" in guest.page.text
    assert "You have not been charged" in guest.page.text
    guest.follows("Search again")
    assert guest.page.url.path == "/rooms"
    assert "Garden Room" in guest.page.text
    for address in (guest.held["checkout_url"], guest.held["checkout_url"] + "/return"):
        guest.opens(address)
        assert "We had to let the room go" in guest.page.text
    guest.opens(guest.held["manage_url"])
    assert "This hold has run out" in guest.page.text
    assert moved_desk.kept(guest.held["reservation_id"]) == 0
    assert [mail["subject"] for mail in guest.mails() if "ended" in mail["subject"]] == [mail["subject"]]


def test_a_hold_nobody_looked_at_makes_nothing_at_the_provider(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = invite(moved).holds(a_stay(moved))
    passes(moved, HOLD_SECONDS + SLACK_SECONDS)
    guest.waits(lambda seen: any(fact["what"] == "reservation.expired.v1" for fact in seen["timeline"]))
    guest.waits_for_mail("nothing was booked")
    assert moved_desk.at_stripe("checkout/sessions", guest.held["reservation_id"]) == []


def test_a_guest_who_dawdles_is_reminded(moved: Running, invite: Invite) -> None:
    guest = invite(moved).holds(a_stay(moved))
    passes(moved, 185)
    mail = guest.waits_for_mail("is held")
    assert "/pay/" in mail["text"]
    guest.opens(next(word for word in mail["text"].split() if "/pay/" in word)).pays(PLAIN)
    assert "Your room is yours" in guest.page.text
    guest.waits_for_payment("captured")


@pytest.mark.parametrize("card", [PLAIN, WITH_3DS])
@pytest.mark.parametrize("rival", [True, False])
def test_money_that_comes_after_the_hold_ended(
    moved: Running, moved_desk: Desk, invite: Invite, card: str, rival: bool
) -> None:
    """The worker sleeps while the guest pays and the hold ends; a rival takes all rooms of the type; the worker wakes up."""
    stay = a_stay(moved, "family-cottage")
    rooms = moved_desk.free(stay)[stay.arrival]
    late, second = invite(moved), invite(moved)
    late.holds(stay).checks_out()
    with moved.paused("worker"):
        if card == WITH_3DS:
            late.pays(card)
        passes(moved, HOLD_SECONDS + SLACK_SECONDS)
        if card == WITH_3DS:
            late.authenticates()
        else:
            late.pays(card)
        assert "Your room is yours" not in late.page.text
        if rival:
            second.holds(stay, rooms=rooms)
    if not rival:
        found = late.waits(lambda seen: seen["state"] in {"confirmed", "expired"} and seen["payments"][-1]["state"] != "open")
        assert_fits(moved_desk, late, found)
        return
    late.waits_for_payment("voided")
    assert late.looks()["state"] == "expired"
    assert moved_desk.kept(late.held["reservation_id"]) == 0
    assert moved_desk.reserved(late.held["reservation_id"]) in ([], ["canceled"])
    late.waits_for_mail("nothing was booked")
    assert not [mail for mail in late.mails() if "is booked" in mail["subject"]]
    second.checks_out().pays(PLAIN)
    assert second.waits_for_payment("captured")["state"] == "confirmed"
    assert moved_desk.kept(second.held["reservation_id"]) == second.held["pay_now"]["amount_minor"]


def assert_fits(desk: Desk, guest: Guest, found: dict[str, object]) -> None:
    """Without a rival both ends are right, if money and room go together: booked and paid, or expired and nothing taken."""
    kept = guest.held["pay_now"]["amount_minor"] if found["state"] == "confirmed" else 0
    wait_for(lambda: True if desk.kept(guest.held["reservation_id"]) == kept else None, 10, lambda: str(guest.looks()))
    if found["state"] == "expired":
        wait_for(
            lambda: True if desk.reserved(guest.held["reservation_id"]) in ([], ["canceled"]) else None,
            10, lambda: str(desk.reserved(guest.held["reservation_id"])),
        )  # fmt: skip


def test_the_taker_of_an_expired_hold_need_not_wait_for_the_worker(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    """A hold past its time is free for the next taker at once, while nobody has expired it yet."""
    stay = a_stay(moved, "family-cottage")
    invite(moved).holds(stay, rooms=moved_desk.free(stay)[stay.arrival])
    refused = invite(moved).asks(stay)
    assert (refused.status_code, refused.json()["code"]) == (409, "sold_out")
    with moved.paused("worker"):
        passes(moved, HOLD_SECONDS + SLACK_SECONDS)
        assert invite(moved).asks(stay).status_code == 201
        nights = moved_desk.free(stay)
    assert all(left <= moved_desk.free(stay)[night] for night, left in nights.items())
