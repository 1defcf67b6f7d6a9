"""Rooms off the market: nobody can book them, guests make way, staff see and end the block, by the API and the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import Stay, stay_of

GUEST = {"name": "Kamala Silva", "email": "kamala@example.com"}


@pytest.fixture
def stay() -> Stay:
    """Give two nights in one of the two villas that only this test asks for."""
    return stay_of(room_type="pool-villa")


def posts(desk: Desk, path: str, body: dict[str, Any]) -> httpx.Response:
    return desk.http.post(f"{desk.running.api}/{path}", json=body, headers={"Idempotency-Key": str(uuid4())})


def holds(desk: Desk, stay: Stay) -> httpx.Response:
    wish = {
        "room_type": stay.room_type,
        "rate_plan": "flexible",
        "arrival": str(stay.arrival),
        "departure": str(stay.departure),
    }
    return posts(desk, "holds", {**wish, "guest": GUEST})


def blocks(desk: Desk, stay: Stay, *rooms: str, **more: str) -> httpx.Response:
    nights = {"first_night": str(stay.arrival), "last_night": str(stay.departure - timedelta(days=1))}
    return posts(desk, "rooms/blocks", {"rooms": rooms, **nights, **more})


def ends(desk: Desk, block_id: str) -> httpx.Response:
    return desk.http.delete(f"{desk.running.api}/rooms/blocks/{block_id}", headers={"Idempotency-Key": str(uuid4())})


def listed(desk: Desk) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in desk.reads("rooms/blocks").json()["blocks"]}


def test_a_blocked_room_is_off_the_market_until_the_block_ends(desk: Desk, stay: Stay) -> None:
    free = desk.free(stay)
    blocked = blocks(desk, stay, "V1", "V2", note="The pools are painted")
    assert blocked.status_code == 201, blocked.text
    block_id, position = blocked.json()["block_id"], blocked.json()["position"]
    assert desk.free(stay, position)[stay.arrival] == 0
    refused = holds(desk, stay)
    assert (refused.status_code, refused.json()["code"]) == (409, "sold_out")
    assert listed(desk)[block_id]["rooms"] == ["V1", "V2"]
    ended = ends(desk, block_id)
    assert ended.status_code == 200, ended.text
    assert ended.json()["room_nights_freed"] == 2 * (stay.departure - stay.arrival).days
    assert desk.free(stay, ended.json()["position"]) == free
    assert block_id not in listed(desk)
    assert ends(desk, block_id).status_code == 404


def test_a_guest_makes_way_and_is_named_when_there_is_no_way(desk: Desk, stay: Stay) -> None:
    held = holds(desk, stay)
    assert held.status_code == 201, held.text
    stay_id = held.json()["stays"][0]["stay_id"]
    both = blocks(desk, stay, "V1", "V2")
    assert (both.status_code, both.json()["code"]) == (409, "upkeep.stays_in_the_way")
    assert [each["stay_id"] for each in both.json()["details"]["stays"]] == [stay_id]
    moved = [blocks(desk, stay, room) for room in ("V1", "V2")]
    assert sorted(each.status_code for each in moved) == [201, 409], "one villa is blocked, the guest has the other"
    assert ends(desk, next(each.json()["block_id"] for each in moved if each.status_code == 201)).status_code == 200


def test_the_list_says_the_position_that_it_shows_and_waits_for_a_later_one(desk: Desk, stay: Stay) -> None:
    blocked = blocks(desk, stay, "V1", reason="out_of_service")
    found = desk.reads("rooms/blocks", after=blocked.json()["position"])
    assert blocked.json()["block_id"] in {block["block_id"] for block in found.json()["blocks"]}
    assert ends(desk, blocked.json()["block_id"]).status_code == 200
    held = holds(desk, stay)
    later = desk.reads("rooms/blocks", after=held.json()["position"])
    assert later.json()["position"] >= held.json()["position"], "what was booked since is told although no block changed"
    assert later.headers["Ledger-Position"] == str(later.json()["position"])


def test_out_of_service_is_shown_and_leaves_the_room_on_sale(desk: Desk, stay: Stay) -> None:
    noted = blocks(desk, stay, "V1", reason="out_of_service", note="One lamp is broken")
    assert noted.status_code == 201, noted.text
    assert desk.free(stay, noted.json()["position"])[stay.arrival] == 2
    assert listed(desk)[noted.json()["block_id"]]["note"] == "One lamp is broken"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rooms": []}, 422, "malformed"),
        ({"rooms": ["V9"]}, 422, "property.room_unknown"),
        ({"last_night": "2020-01-01"}, 422, "upkeep.last_night_before_first"),
        ({"first_night": "2020-01-01", "last_night": "2020-01-02"}, 422, "upkeep.past"),
        ({"reason": "boredom"}, 422, "malformed"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(
    desk: Desk, stay: Stay, body: dict[str, Any], status: int, code: str
) -> None:
    asked = {"rooms": ["V1"], "first_night": str(stay.arrival), "last_night": str(stay.arrival)} | body
    answer = posts(desk, "rooms/blocks", asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_blocking_needs_a_key(desk: Desk, stay: Stay) -> None:
    body = {"rooms": ["V1"], "first_night": str(stay.arrival), "last_night": str(stay.arrival)}
    answer = httpx.post(f"{desk.running.api}/rooms/blocks", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 401
    assert httpx.get(f"{desk.running.api}/rooms/blocks").status_code == 401


def test_the_same_on_the_command_line(desk: Desk, stay: Stay) -> None:
    def run(*words: str) -> Any:
        done = desk.running.run("room", *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    nights = ("--first", str(stay.arrival), "--last", str(stay.arrival))
    block_id = run("block", "V2", *nights, "--note", "New tiles")["block_id"]
    assert [each["note"] for each in run("list")["blocks"] if each["block_id"] == block_id] == ["New tiles"]
    assert run("unblock", block_id)["room_nights_freed"] == 1
