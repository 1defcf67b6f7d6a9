"""Payment pages for the rest of a booking whose time is over: a new one may be asked for, and it is paid once.

The clock is moved, not waited for, on an installation of the file's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.e2e.changing.test_paying_the_rest import goes_to_pay, payments
from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, Guest, stay_of
from tests.installation import Running

Invite = Callable[[Running], Guest]
HOURS = 3600


def passes(running: Running, hours: float) -> None:
    """Let time go by, for the hotel and for its vendors."""
    running.control("POST", "/clock", {"advance_seconds": hours * HOURS})


def arrives(running: Running, invite: Invite) -> Guest:
    """Let somebody book some weeks after the installation's today."""
    guest = invite(running)
    guest.books(stay_of(today=datetime.fromisoformat(running.control("GET", "/clock")["at"]).date()))
    return guest


def pays_the_rest(guest: Guest, desk: Desk) -> None:
    """Ask for a page again, pay, and have paid once."""
    goes_to_pay(guest)
    guest.pays(PLAIN)
    found = guest.waits(lambda seen: seen["payments"][-1]["state"] == "captured")
    assert [row["state"] for row in found["payments"]] == ["captured", "voided", "captured"]
    assert desk.kept(found["reservation_id"]) == found["total"]["amount_minor"]


def test_a_page_that_nobody_used_is_replaced(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = arrives(moved, invite)
    goes_to_pay(guest)
    passes(moved, 24)
    guest.waits_for_payment("voided")
    pays_the_rest(guest, moved_desk)


def test_a_page_that_could_not_be_made_in_time_is_given_up(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = arrives(moved, invite)
    with moved.without("worker"):
        asked = payments(guest)
        assert asked.status_code == 200, asked.text
        passes(moved, 22.9)
    guest.waits_for_payment("voided", 25)
    pays_the_rest(guest, moved_desk)
