"""A guest who does not come: nothing before the day of arrival is over, then the fee of the policy, and the nights are free.

The clock is moved, not waited for, on an installation of the file's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.e2e.changing.test_at_the_desk import asks, done, refused
from tests.e2e.changing.test_changing import changes
from tests.e2e.desk import Desk
from tests.e2e.guest import Guest, Stay
from tests.installation import Running

Invite = Callable[[Running], Guest]


def tomorrow(running: Running, nights: int) -> Stay:
    """Give a stay that begins on the hotel's next day."""
    at = datetime.fromisoformat(running.control("GET", "/clock")["at"]).astimezone(ZoneInfo("Asia/Colombo"))
    arrival = at.date() + timedelta(days=1)
    return Stay(arrival, arrival + timedelta(days=nights))


def test_the_fee_is_kept_and_the_rest_goes_back(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = invite(moved)
    stay = tomorrow(moved, 5)
    rest = Stay(stay.arrival + timedelta(days=2), stay.departure)
    free, books = moved_desk.free(rest), moved_desk.revenue(stay)
    booked = guest.books(stay)
    paid = booked["paid"]["amount_minor"]
    for _ in range(2):
        assert refused(guest, "no-show") == "stay.not_due"
        moved.control("POST", "/clock", {"advance_seconds": 86_400})
    assert changes(guest, adults=1).json()["code"] == "stay.ask_the_hotel"
    row = done(guest, "no-show")
    assert row["state"] == "no_show"
    fee = row["fee"]["amount_minor"]
    found = guest.looks()
    assert (found["state"], found["owed"]["amount_minor"]) == ("no_show", fee)
    assert 0 < fee <= paid
    settled = guest.waits(lambda seen: seen["paid"]["amount_minor"] == fee)
    assert settled["balance"]["amount_minor"] == 0
    assert moved_desk.kept(settled["reservation_id"]) == fee
    assert moved_desk.revenue(stay, found["position"]) == books
    assert moved_desk.free(rest, found["position"]) == free
    assert asks(guest, "check-in").json()["code"] == "stay.not_in_state"


def test_who_comes_after_all_has_the_room_again_and_pays_no_night_twice(
    moved: Running, moved_desk: Desk, invite: Invite
) -> None:
    guest = invite(moved)
    stay = tomorrow(moved, 4)
    rest = Stay(stay.arrival + timedelta(days=2), stay.departure)
    guest.books(stay)
    total = guest.looks()["total"]["amount_minor"]
    assert refused(guest, "reinstate") == "stay.not_in_state"
    moved.control("POST", "/clock", {"advance_seconds": 2 * 86_400})
    fee = done(guest, "no-show")["fee"]["amount_minor"]
    settled = guest.waits(lambda seen: seen["balance"]["amount_minor"] == 0)
    free = moved_desk.free(rest, settled["position"])
    assert refused(guest, "reinstate", first_night=stay.departure.isoformat()) == "stay.night_outside"
    row = done(guest, "reinstate", first_night=rest.arrival.isoformat())
    assert (row["state"], row["arrival"], row["departure"]) == (
        "confirmed",
        rest.arrival.isoformat(),
        stay.departure.isoformat(),
    )
    found = guest.looks()
    assert found["state"] == "confirmed"
    assert found["owed"]["amount_minor"] == row["total"]["amount_minor"] + row["extras"]["amount_minor"] < total
    assert 0 < row["extras"]["amount_minor"] <= fee
    taken = {night: left - (rest.arrival <= night < rest.departure) for night, left in free.items()}
    assert moved_desk.free(rest, found["position"]) == taken
    assert moved_desk.revenue(rest, found["position"])[0] > 0
    assert guest.waits_for_mail("was changed")
    assert refused(guest, "reinstate") == "stay.not_in_state"


def test_a_command_goes_by_the_moved_clock(moved: Running) -> None:
    moved.control("POST", "/clock", {"advance_seconds": 86_400})
    today = tomorrow(moved, 1).arrival - timedelta(days=1)
    leaves = (today + timedelta(days=2)).isoformat()
    booking = ("--room-type", "garden-room", "--rate-plan", "flexible", "--departure", leaves)
    answer = moved.run("walk-in", *booking, "--name", "Sam Fernando", "--email", "sam@example.com", "--json")
    assert answer.returncode == 0, answer.stderr
    assert [stay["arrival"] for stay in json.loads(answer.stdout)["stays"]] == [today.isoformat()]
