"""What the reception does: arrivals, moves, promises, departures, no-shows, walk-ins; over HTTP and by command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import Guest, Stay, hotel_today, stay_of
from tests.installation import Running


def today() -> date:
    """Give the date at the hotel."""
    return hotel_today()


def tonight(nights: int = 2, **kind: str) -> Stay:
    """Give a stay that begins today."""
    first = today()
    return Stay(first, first + timedelta(days=nights), **kind)


def asks(guest: Guest, step: str, **content: Any) -> httpx.Response:
    """Do something with the guest's first stay, as a member of staff."""
    held = guest.held
    address = f"{guest.running.api}/reservations/{held['reservation_id']}/stays/{held['stays'][0]['stay_id']}/{step}"
    headers = {**guest.running.staff, "Idempotency-Key": str(uuid4())}
    return httpx.post(address, json=content, headers=headers, timeout=20)


def done(guest: Guest, step: str, **content: Any) -> dict[str, Any]:
    """Do it, and give the stay as it is then."""
    answer = asks(guest, step, **content)
    assert answer.status_code == 200, answer.text
    stay: dict[str, Any] = guest.looks(answer.json()["position"])["stays"][0]
    return stay


def refused(guest: Guest, step: str, **content: Any) -> str:
    """Be refused, and give the code."""
    answer = asks(guest, step, **content)
    assert not answer.is_success, answer.text
    return str(answer.json()["code"])


def test_a_stay_from_the_key_to_the_last_bill(guest: Guest, desk: Desk) -> None:
    wish = tonight(3)
    books = desk.revenue(wish)
    guest.books(wish)
    assert refused(guest, "check-out") == "stay.not_in_state"
    stay = done(guest, "check-in", fee_minor=1_500)
    assert (stay["state"], stay["extras"]["amount_minor"]) == ("checked_in", 1_500)
    assert guest.looks()["state"] == "in_house"
    assert refused(guest, "check-in") == "stay.not_in_state"
    stay = done(guest, "check-out", fee_minor=0)
    assert (stay["state"], stay["departed_on"], stay["nights"]) == ("checked_out", wish.arrival.isoformat(), 1)
    found = guest.looks()
    assert (found["state"], found["owed"]["amount_minor"]) == ("checked_out", stay["total"]["amount_minor"] + 1_500)
    assert found["balance"]["amount_minor"] == max(0, found["owed"]["amount_minor"] - found["paid"]["amount_minor"])
    assert desk.revenue(wish, found["position"])[0] == books[0] + 1, "two nights were not slept in"
    assert "reservation.stay-checked-out.v1" in [fact["what"] for fact in found["timeline"]]


def test_a_promised_room_stays_and_the_stay_moves_in_the_middle(running: Running, invite: Callable[[Running], Guest]) -> None:
    wish = stay_of()
    guest, neighbour = invite(running), invite(running)
    mine, theirs = (each.books(wish)["stays"][0]["room"] for each in (guest, neighbour))
    assert refused(guest, "move", room="no-such-room") == "room.unknown"
    taken = asks(guest, "move", room=theirs)
    assert (taken.status_code, taken.json()["code"]) == (409, "room_night.taken")
    other = taken.json()["details"]["rooms"][0]
    assert done(guest, "pin", reason="promised")["pin"] == "promised"
    assert refused(guest, "move", room=other) == "stay.pinned"
    assert done(guest, "unpin")["pin"] is None
    second = (wish.arrival + timedelta(days=1)).isoformat()
    stay = done(guest, "move", room=other, first_night=second, reason="maintenance")
    assert stay["rooms"] == [
        {"first_night": wish.arrival.isoformat(), "room": mine}, {"first_night": second, "room": other},
    ]  # fmt: skip
    moves = [fact["note"] for fact in guest.looks()["timeline"] if fact["what"] == "reservation.stay-moved.v1"]
    assert moves == [f"{mine} → {other}"]


def test_nobody_came(guest: Guest, desk: Desk) -> None:
    guest.books(stay_of())
    assert refused(guest, "no-show") == "stay.not_due"
    assert guest.looks()["state"] == "confirmed"


def test_names_and_notes_are_for_the_staff(guest: Guest) -> None:
    guest.books(stay_of())
    stay = done(guest, "guests", guests=[{"name": "Ada Perera"}, {"name": "Sam Perera", "country": "LK"}])
    assert stay["guests"] == [{"name": "Ada Perera", "country": ""}, {"name": "Sam Perera", "country": "LK"}]
    assert refused(guest, "guests", guests=[{"name": "x"}] * 9) == "stay.too_many_guests"
    address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}/notes"
    mine = guest.browser.post(address, json={"note": "A cot, please"}, headers={**guest.manage, "Idempotency-Key": "1"})
    theirs = httpx.post(
        address, json={"note": "Likes it quiet"}, headers={**guest.running.staff, "Idempotency-Key": "1"}, timeout=20
    )
    assert (mine.status_code, theirs.status_code) == (200, 200), (mine.text, theirs.text)
    position = theirs.json()["position"]
    assert [note["text"] for note in guest.looks(position)["notes"]] == ["A cot, please"]
    answer = httpx.get(address.removesuffix("/notes"), headers=guest.running.staff, params={"after": position}, timeout=20)
    assert [note["text"] for note in answer.json()["notes"]] == ["A cot, please", "Likes it quiet"]


def test_a_guest_may_not_do_what_the_reception_does(guest: Guest) -> None:
    guest.books(stay_of())
    held = guest.held
    for step in ("check-in", "check-out", "no-show", "move", "swap", "pin", "unpin", "guests"):
        address = f"{guest.running.api}/reservations/{held['reservation_id']}/stays/{held['stays'][0]['stay_id']}/{step}"
        answer = guest.browser.post(address, json={}, headers={**guest.manage, "Idempotency-Key": "1"})
        assert (step, answer.status_code) == (step, 401)


def test_somebody_walks_in(running: Running, desk: Desk) -> None:
    wish = tonight(1)
    body = {**wish.content, "guest": {"name": "Wim Walker", "email": f"wim.{uuid4().hex[:6]}@example.com"}}
    headers = {**running.staff, "Idempotency-Key": str(uuid4())}
    answer = httpx.post(f"{running.api}/walk-ins", json=body, headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    found = desk.reads_at(f"reservations/{answer.json()['reservation_id']}", answer.json()["position"]).json()
    assert (found["state"], found["stays"][0]["state"]) == ("in_house", "checked_in")
    later = {
        **body,
        "arrival": (wish.arrival + timedelta(days=3)).isoformat(),
        "departure": (wish.arrival + timedelta(days=4)).isoformat(),
    }
    refusal = httpx.post(
        f"{running.api}/walk-ins", json=later, headers={**running.staff, "Idempotency-Key": str(uuid4())}, timeout=20
    )
    assert (refusal.status_code, refusal.json()["code"]) == (409, "walk_in.not_today")


def test_two_guests_swap_their_rooms(running: Running, invite: Callable[[Running], Guest]) -> None:
    wish = stay_of()
    one, other = invite(running), invite(running)
    rooms = [guest.books(wish)["stays"][0]["room"] for guest in (one, other)]
    assert rooms[0] != rooms[1]
    with_whom = {"other_reservation_id": other.held["reservation_id"], "other_stay_id": other.held["stays"][0]["stay_id"]}
    assert done(one, "swap", **with_whom)["room"] == rooms[1]
    assert other.looks()["stays"][0]["room"] == rooms[0]


def test_who_swaps_into_another_type_must_have_been_asked(running: Running, invite: Callable[[Running], Guest]) -> None:
    wish = stay_of()
    one, other = invite(running), invite(running)
    room = one.books(wish)["stays"][0]["room"]
    dearer = other.books(replace(wish, room_type="valley-room"))["stays"][0]["room"]
    with_whom = {"other_reservation_id": other.held["reservation_id"], "other_stay_id": other.held["stays"][0]["stay_id"]}
    refusal = asks(one, "swap", **with_whom)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "swap.other_type")
    assert refusal.json()["details"]["other_booked"] == "valley-room"
    answer = asks(one, "swap", **with_whom, other_types=True).json()
    assert (answer["room"], answer["room_type"]) == (dearer, "valley-room")
    assert (answer["other_room"], answer["other_room_type"]) == (room, "garden-room")
    back = running.run(
        "stay", "swap", one.held["reservation_id"], "--with-reservation", with_whom["other_reservation_id"],
        "--with-stay", with_whom["other_stay_id"], "--other-types",
    )  # fmt: skip
    assert f"room: {room}" in back.stdout, back.stderr
    assert "other room type: valley-room" in back.stdout


def test_one_of_two_rooms_is_cancelled(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    books = desk.revenue(stay)
    guest.holds(stay, rooms=2).checks_out().pays("4242 4242 4242 4242")
    guest.waits_for_payment("captured")
    held = guest.held
    address = f"{guest.running.api}/reservations/{held['reservation_id']}/stays/{held['stays'][0]['stay_id']}/cancel"
    headers = {**guest.manage, "Idempotency-Key": str(uuid4())}
    seen = guest.browser.post(address, json={}, params={"preview": "true"}, headers=headers).json()
    assert guest.looks()["stays"][0]["state"] == "confirmed"
    deed = guest.browser.post(address, json={"reason": "illness"}, headers=headers)
    assert deed.status_code == 200, deed.text
    assert (deed.json()["fee"], deed.json()["refund"]) == (seen["fee"], seen["refund"])
    found = guest.looks(deed.json()["position"])
    assert [row["state"] for row in found["stays"]] == ["cancelled", "confirmed"]
    assert found["state"] == "confirmed"
    assert found["total"] == found["stays"][1]["total"]
    assert desk.revenue(stay, deed.json()["position"])[0] == books[0] + 3
    assert guest.waits_for_mail("was changed")


def test_the_same_by_command(running: Running, guest: Guest) -> None:
    guest.books(stay_of())
    reservation_id, stay_id = guest.held["reservation_id"], guest.held["stays"][0]["stay_id"]
    seen = running.run("stay", "change", reservation_id, "--adults", "1", "--preview", "--json")
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)["preview"] is True
    done_ = running.run("stay", "change", reservation_id, stay_id, "--adults", "1")
    assert done_.returncode == 0, done_.stderr
    assert "difference: " in done_.stdout
    assert "USD" in done_.stdout
    assert guest.waits(lambda found: found["stays"][0]["adults"] == 1)
    assert running.run("stay", "pin", reservation_id, "--json").returncode == 0
    noted = running.run("stay", "note", reservation_id, "--text", "called twice")
    assert noted.stdout.startswith("noted, position ")
    told = running.run("reservation", "show", reservation_id).stdout
    assert "pinned: promised" in told
    late = running.run("stay", "check-out", reservation_id)
    assert (late.returncode, late.stderr.count("\n")) == (1, 1)
    assert "refused (stay.not_in_state)" in late.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stay", "move", "x"), "'x' is not a valid UUID"),
        (("stay", "move", "0" * 32), "--room"),
        (("stay", "change", "0" * 32, "--adults", "0"), "--adults"),
        (("stay", "check-in", "0" * 32), "ella has no reservation"),
        (("walk-in", "--room-type", "garden-room"), "--rate-plan"),
    ],
)
def test_bad_usage_is_one_clear_line(running: Running, arguments: tuple[str, ...], said: str) -> None:
    answer = running.run(*arguments)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "word", ["change", "move", "swap", "pin", "unpin", "check-in", "check-out", "no-show", "cancel", "note"]
)
def test_every_command_explains_itself(running: Running, word: str) -> None:
    answer = running.run("stay", word, "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "RESERVATION" in answer.stdout
