"""A group comes, from the option to the rooming list and the release at its cutoff; others wait for a villa and get one.

The clock is moved, not waited for; the tests of this file run in order on an installation of their own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, Guest, Stay, stay_of
from tests.installation import Running, wait_for

OFFER_SECONDS = 4 * 3600
SLACK_SECONDS = 5
COLUMNS = "room_type,arrival,departure,adults,children,name,email,wishes"
Invite = Callable[[Running], Guest]


def now_of(running: Running) -> datetime:
    """Tell the moment that the installation believes in."""
    return datetime.fromisoformat(running.control("GET", "/clock")["at"])


def passes(running: Running, seconds: float) -> None:
    """Let time go by, for the hotel and for its vendors."""
    running.control("POST", "/clock", {"advance_seconds": seconds})


def posts(desk: Desk, path: str, body: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    headers = {"Idempotency-Key": str(uuid4())} | more.pop("headers", {})
    return desk.http.post(f"{desk.running.api}/{path}", json=body, headers=headers, **more)


def sends_list(desk: Desk, group_id: str, *lines: str) -> httpx.Response:
    """Send a rooming list as a file."""
    text = "\n".join([COLUMNS, *lines])
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "text/csv"}
    return desk.http.post(f"{desk.running.api}/groups/{group_id}/rooming-list", content=text.encode(), headers=headers)


def line(stay: Stay, guest: Guest, adults: int = 2) -> str:
    who = f"{guest.details['name']},{guest.details['email']}"
    return f"{stay.room_type},{stay.arrival},{stay.departure},{adults},0,{who},floor-high"


@pytest.fixture(scope="module")
def stay(moved: Running) -> Stay:
    """Give the nights of the group."""
    return stay_of(today=now_of(moved).date())


def opens(desk: Desk, stay: Stay, rooms: int, **more: Any) -> httpx.Response:
    block = {"room_type": stay.room_type, "arrival": str(stay.arrival), "departure": str(stay.departure), "rooms": rooms}
    terms = {"cutoff": str(stay.arrival - timedelta(days=3)), "attrition_percent": 20}
    return posts(desk, "groups", {"name": "Tea growers", "rate_plan": "flexible", "blocks": [block], **terms, **more})


def group_of(desk: Desk, group_id: str, position: int) -> dict[str, Any]:
    found: dict[str, Any] = desk.reads_at(f"groups/{group_id}", position).json()
    return found


def test_an_option_that_nobody_confirms_gives_its_rooms_back(moved: Running, moved_desk: Desk, stay: Stay) -> None:
    free = moved_desk.free(stay)
    until = (now_of(moved) + timedelta(hours=1)).astimezone(UTC).isoformat()
    opened = opens(moved_desk, stay, 4, option_until=until)
    assert opened.status_code == 201, opened.text
    group_id, position = opened.json()["group_id"], opened.json()["position"]
    assert opened.json()["state"] == "tentative"
    assert moved_desk.free(stay, position)[stay.arrival] == free[stay.arrival] - 4
    passes(moved, 3600 + SLACK_SECONDS)
    wait_for(lambda: moved_desk.reads(f"groups/{group_id}").json()["state"] == "expired" or None, 15)
    assert moved_desk.free(stay, moved_desk.head()) == free


def test_a_group_comes_and_what_it_does_not_need_goes_back_at_its_cutoff(
    moved: Running, moved_desk: Desk, invite: Invite, stay: Stay
) -> None:
    free = moved_desk.free(stay)
    group_id = opens(moved_desk, stay, 4, option_until=(now_of(moved) + timedelta(hours=1)).isoformat()).json()["group_id"]
    guests = [invite(moved) for _ in range(3)]
    lines = [line(stay, guest) for guest in guests]
    refused = sends_list(moved_desk, group_id, *lines)
    assert (refused.status_code, refused.json()["code"]) == (409, "group.tentative")
    assert posts(moved_desk, f"groups/{group_id}/confirm", {}).status_code == 200

    wrong = sends_list(moved_desk, group_id, lines[0], lines[1].replace("garden-room", "tent"), lines[0])
    assert (wrong.status_code, wrong.json()["code"]) == (422, "rooming_list.wrong")
    assert [each["line"] for each in wrong.json()["details"]["mistakes"]] == [3, 4]
    wrong = sends_list(moved_desk, group_id, lines[0], lines[1].replace("garden-room", "tent"))
    assert [(each["line"], each["field"]) for each in wrong.json()["details"]["mistakes"]] == [(3, "room_type")]
    assert guests[0].details["name"] not in wrong.text

    booked = sends_list(moved_desk, group_id, *lines)
    assert booked.status_code == 201, booked.text
    position = booked.json()["position"]
    assert len(booked.json()["reservations"]) == len(guests)
    for guest in guests:
        guest.waits_for_mail("is booked")
    assert moved_desk.free(stay, position)[stay.arrival] == free[stay.arrival] - 4
    exported = moved_desk.reads_at(f"groups/{group_id}/rooming-list", position).text
    assert {row["email"] for row in csv.DictReader(StringIO(exported))} == {guest.details["email"] for guest in guests}

    found = group_of(moved_desk, group_id, position)
    assert (found["state"], found["whole"]["left"], found["whole"]["unused_percent"]) == ("definite", 3, 25.0)
    passes(moved, (datetime.combine(stay.arrival, datetime.min.time(), UTC) - now_of(moved)).total_seconds() - 24 * 3600)
    wait_for(lambda: moved_desk.reads(f"groups/{group_id}").json()["whole"]["released"] == 3 or None, 20)
    assert moved_desk.free(stay, moved_desk.head())[stay.arrival] == free[stay.arrival] - len(guests)
    assert not group_of(moved_desk, group_id, position)["within_attrition"]


def test_a_group_larger_than_the_house_and_one_that_does_not_fit_are_refused(moved_desk: Desk, stay: Stay) -> None:
    too_large = opens(moved_desk, stay, 200)
    assert (too_large.status_code, too_large.json()["code"]) == (422, "group.larger_than_house")
    later = Stay(stay.arrival + timedelta(days=60), stay.departure + timedelta(days=60))
    free = moved_desk.free(later)[later.arrival]
    assert opens(moved_desk, later, free).status_code == 201
    refused = opens(moved_desk, later, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "group.sold_out")
    assert refused.json()["details"]["rooms_left"] == 0
    anybody = httpx.post(f"{moved_desk.running.api}/groups", json={}, headers={"Idempotency-Key": "x"}, timeout=10)
    assert anybody.status_code == 401


def waits(desk: Desk, stay: Stay, guest: Guest) -> str:
    """Let a guest wait for a room; give the entry."""
    joined = posts(desk, "waitlist", {**stay.content, "guest": guest.details})
    assert joined.status_code == 201, joined.text
    entry_id: str = joined.json()["entry_id"]
    return entry_id


def entries(desk: Desk) -> dict[str, dict[str, Any]]:
    found = desk.reads_at("waitlist", ended="true").json()["entries"]
    return {each["entry_id"]: each for each in found}


def test_those_who_wait_are_offered_a_freed_villa_one_after_the_other(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    stay = stay_of(today=now_of(moved).date(), room_type="pool-villa")
    villas = moved_desk.free(stay)[stay.arrival]
    first_in = [invite(moved) for _ in range(villas)]
    for guest in first_in:
        guest.books(stay)
    lapses, declines, takes, leaves = (invite(moved) for _ in range(4))
    waiting = {guest: waits(moved_desk, stay, guest) for guest in (lapses, declines, takes, leaves)}
    assert posts(moved_desk, f"waitlist/{waiting[leaves]}/leave").status_code == 200
    assert [each["state"] for each in entries(moved_desk).values()] == ["waiting", "waiting", "waiting", "withdrawn"]

    assert first_in[0].cancels().status_code == 200
    lapses.waits_for_mail("a room is free")
    assert entries(moved_desk)[waiting[lapses]]["state"] == "offered"
    assert not declines.mails()
    assert invite(moved).asks(stay).status_code == 409

    passes(moved, OFFER_SECONDS + SLACK_SECONDS)
    mail = declines.waits_for_mail("a room is free")
    assert entries(moved_desk)[waiting[lapses]]["state"] == "lapsed"
    link = next(word for word in mail["text"].split() if "/pay/" in word)
    assert link.startswith(moved.url)

    assert posts(moved_desk, f"reservations/{waiting[declines]}/cancel", {"reason": "change_of_plans"}).status_code == 200
    mail = takes.waits_for_mail("a room is free")
    takes.opens(next(word for word in mail["text"].split() if "/pay/" in word)).pays(PLAIN)
    assert "Your room is yours" in takes.page.text
    takes.waits_for_mail("is booked")
    states = [each["state"] for each in entries(moved_desk).values()]
    assert states == ["lapsed", "declined", "accepted", "withdrawn"]
    assert moved_desk.free(stay, moved_desk.head())[stay.arrival] == 0


def test_turnaways_are_counted_by_reason(moved: Running, moved_desk: Desk, stay: Stay) -> None:
    asked = {"arrival": str(stay.arrival), "departure": str(stay.departure), "room_type": stay.room_type}
    for _ in range(2):
        noted = posts(moved_desk, "turnaways", {"reason": "sold_out", "rooms": 2, **asked})
        assert noted.status_code == 201, noted.text
    said = moved.run(
        "turnaway", "record", "--reason", "price", "--arrival", asked["arrival"], "--departure", asked["departure"]
    )
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["reason"] == "price"
    today = now_of(moved).date()
    # The command line has the machine's clock, which was left behind by that of the installation: by how much depends on how
    # many stays this process had asked for before the group came.
    period = {"from": str(datetime.now(UTC).date() - timedelta(days=1)), "to": str(today + timedelta(days=1))}
    counted = moved_desk.reads_at("turnaways", None, **period).json()["reasons"]
    assert [(each["reason"], each["denied"], each["enquiries"], each["room_nights"]) for each in counted] == [
        ("sold_out", True, 2, 12), ("price", False, 1, 3)
    ]  # fmt: skip


def test_the_command_line_does_the_same(moved: Running, moved_desk: Desk, tmp_path: Path) -> None:
    stay = stay_of(today=now_of(moved).date())

    def says(*words: str, code: int = 0) -> str:
        said = moved.run(*words)
        assert said.returncode == code, said.stderr
        return said.stderr if code else said.stdout

    block = f"{stay.room_type}:{stay.arrival}:{stay.departure}:2"
    option = f"{stay.arrival - timedelta(days=2)}T12:00:00Z"
    terms = ("--cutoff", str(stay.arrival), "--option-until", option, "--block", block)
    opening = ("--name", "Cyclists", "--rate-plan", "flexible", *terms)
    opened = json.loads(says("group", "open", *opening))
    group_id = opened["group_id"]
    moved_desk.reads_at(f"groups/{group_id}", opened["position"])
    assert f"option until {option[:10]} 12:00 UTC  pick-up until {stay.arrival}" in says("group", "show", group_id)
    assert json.loads(says("group", "confirm", group_id))["state"] == "definite"
    rows = tmp_path / "rooms.csv"
    room = f"{stay.room_type},{stay.arrival},{stay.departure},2,0"
    rows.write_text(f"{COLUMNS}\n{room},Ruwan Silva,ruwan@example.com,floor-high\n{room},Kamal,kamal,\n", "utf-8")
    assert "line 3, email" in says("group", "import", group_id, str(rows), code=1)
    tent = f"{room.replace(stay.room_type, 'tent')},Nimal,nimal@example.com,"
    rows.write_text(f"{COLUMNS}\n{room},Kamal,kamal,\n{tent}\n", "utf-8")
    told = says("group", "import", group_id, str(rows), code=1)
    assert "line 2, email" in told
    assert "line 3, room_type: there is no such room type" in told
    rows.write_text(f"{COLUMNS}\n{room},Ruwan Silva,ruwan@example.com,floor-high\n", "utf-8")
    booked = json.loads(says("group", "import", group_id, str(rows)))
    moved_desk.reads_at(f"groups/{group_id}/rooming-list", booked["position"])
    assert "Ruwan Silva,ruwan@example.com,floor-high" in says("group", "export", group_id)
    shown = says("group", "show", group_id)
    assert "picked up    3" in shown
    assert f"definite  pick-up until {stay.arrival}" in shown
    assert says("group", "cancel", group_id, "--reason", "too_few_guests")
