"""What a guest finds: the calendar as nights are taken and given back, and what to take instead when nothing is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.e2e.desk import Desk
from tests.e2e.guest import Guest, Stay, stay_of

VILLAS = 2


def holds(desk: Desk, stay: Stay, guest: Guest, rooms: int = 1) -> dict[str, Any]:
    """Hold rooms with the hotel's own key."""
    body = {**stay.content, "rooms": rooms, "guest": guest.details}
    answer = desk.http.post(f"{desk.running.api}/holds", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "position": int(answer.headers["Ledger-Position"])}


def search(desk: Desk, stay: Stay, after: int, **more: Any) -> dict[str, Any]:
    query = {"arrival": stay.arrival, "departure": stay.departure, **more}
    found: dict[str, Any] = desk.reads_at("availability", after, **query).json()
    return found


def test_the_calendar_tells_how_long_a_room_can_be_had(desk: Desk, guest: Guest) -> None:
    stay = stay_of(2, room_type="pool-villa")
    taken = holds(desk, stay, guest, rooms=VILLAS)["position"]
    around = {"from": stay.arrival - timedelta(days=2), "to": stay.departure + timedelta(days=1)}
    found = desk.reads_at("calendar", taken, room_type="pool-villa", **around).json()["dates"]
    assert [(day["free"], day["longest_stay"] > 0, day["closed"]) for day in found] == [
        (2, True, False), (2, True, False), (0, False, True), (0, False, True), (2, True, False),
    ]  # fmt: skip
    assert [day["longest_stay"] for day in found][:4] == [2, 1, 0, 0]
    assert {day["min_stay"] for day in found} == {1}


def test_a_guest_who_finds_nothing_is_shown_the_nearest_dates_and_other_types(desk: Desk, guest: Guest) -> None:
    stay = stay_of(2, room_type="pool-villa")
    taken = holds(desk, stay, guest, rooms=VILLAS)["position"]
    found = search(desk, stay, taken, room_type="pool-villa")
    assert (found["offers"], found["sold_out"]) == ([], ["pool-villa"])
    kinds = [each["kind"] for each in found["alternatives"]]
    assert kinds == sorted(kinds, key=["room_type", "dates", "split"].index)
    other_dates = [each["stays"] for each in found["alternatives"] if each["kind"] == "dates"]
    assert other_dates[0][0]["arrival"] == (stay.arrival + timedelta(days=2)).isoformat()
    assert {len(stays) for stays in other_dates} == {1}
    for each in found["alternatives"]:
        assert each["from_total"]["amount_minor"] == sum(part["from_total"]["amount_minor"] for part in each["stays"])
        for part in each["stays"]:
            instead = {"arrival": part["arrival"], "departure": part["departure"], "room_type": part["room_type"]}
            offers = desk.reads("availability", **instead).json()["offers"]
            assert min(offer["total"]["amount_minor"] for offer in offers) == part["from_total"]["amount_minor"]
    every_type = search(desk, stay, taken)
    assert every_type["offers"]
    assert every_type["alternatives"] == []


def test_rooms_that_only_a_move_frees_are_offered_and_can_be_had(desk: Desk, guest: Guest) -> None:
    """One villa is taken on the first two nights, the other on the last two: whoever wants all four needs a move."""
    stay = stay_of(4, room_type="pool-villa")
    middle = stay.arrival + timedelta(days=2)
    parts = [
        replace(stay, departure=middle),
        replace(stay, arrival=middle, departure=middle + timedelta(days=1)),
        replace(stay, arrival=middle),
    ]
    held = []
    for part in parts:
        held.append(holds(desk, part, guest))
        search(desk, part, held[-1]["position"])
    gone = desk.http.post(
        f"{desk.running.api}/reservations/{held[1]['reservation_id']}/cancel", json={},
        headers={"Idempotency-Key": str(uuid4())},
    )  # fmt: skip
    assert gone.status_code == 200, gone.text
    found = search(desk, stay, int(gone.headers["Ledger-Position"]), room_type="pool-villa")
    assert {(offer["rooms_left"], offer["confirmed_when_booked"]) for offer in found["offers"]} == {(0, True)}
    assert found["sold_out"] == found["alternatives"] == []
    booked = holds(desk, stay, guest)
    after = search(desk, stay, booked["position"], room_type="pool-villa")
    assert (after["offers"], after["sold_out"]) == ([], ["pool-villa"])


def test_an_unknown_type_is_named(desk: Desk) -> None:
    stay = stay_of()
    query = {"arrival": str(stay.arrival), "departure": str(stay.departure), "room_type": "igloo"}
    answer = desk.http.get(f"{desk.running.api}/availability", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "property.room_type_unknown")
