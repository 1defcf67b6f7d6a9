"""What the description says of routes that read their parameters by themselves, and that they do what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.guest import Guest, stay_of
from web.api.description import EXAMPLES

ROOT = "/api/v1/properties/{property_code}"


@pytest.fixture
def described(guest: Guest) -> dict[str, Any]:
    """Give the API's description."""
    found: dict[str, Any] = guest.browser.get(f"{guest.running.url}/openapi.json").json()
    return found


def test_the_parameters_of_a_search(described: dict[str, Any]) -> None:
    search = described["paths"][f"{ROOT}/availability"]["get"]
    parameters = {each["name"]: each for each in search["parameters"]}
    assert {name: each["required"] for name, each in parameters.items()} == {
        "property_code": True, "arrival": True, "departure": True,
        "adults": False, "children": False, "rooms": False, "room_type": False, "after": False,
    }  # fmt: skip
    assert parameters["arrival"]["schema"]["format"] == "date"
    assert (parameters["rooms"]["schema"]["minimum"], parameters["rooms"]["schema"]["maximum"]) == (1, 9)
    assert "application/json" in search["responses"]["200"]["content"]


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """List the operations of the API, with method and address; addresses are of the demo property, its ids of nothing."""
    for path, of_path in described["paths"].items():
        for method, operation in of_path.items() if path.startswith(ROOT) else ():
            yield method, path.format_map(defaultdict(lambda: "0" * 32, property_code="ella", position="1")), operation


def body_of(name: str) -> dict[str, Any]:
    """Give what to send to an operation: the example of its request."""
    example = EXAMPLES.get(name, {}).get("request")
    return {} if example is None else {"content": example} if isinstance(example, str) else {"json": example}


def test_who_may_call_what(guest: Guest, described: dict[str, Any]) -> None:
    """Where the description wants scopes of a key, the door without a key says the same; elsewhere it lets people in."""
    query = {"from": "2027-03-01", "to": "2027-03-02", "room_type": "garden-room"}
    schemes = described["components"]["securitySchemes"].keys()
    for method, address, operation in operations(described):
        name, ways = operation["operationId"], operation["security"]
        assert {scheme for way in ways for scheme in way} <= schemes
        if name == "stream_stream":
            assert {} in ways
            continue
        answer = guest.browser.request(
            method, guest.running.url + address, params=query, headers={"Idempotency-Key": uuid4().hex}, **body_of(name)
        )
        scopes: list[str] = next((way["ApiKey"] for way in ways if "ApiKey" in way), [])
        if {} in ways:
            assert answer.status_code not in {401, 403}, name
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "key.unknown"), name
            assert f"the scope {scopes[0]}:" in answer.json()["detail"], name


def test_a_key_that_is_not_good_opens_nothing(guest: Guest, described: dict[str, Any]) -> None:
    """Also where no key is needed: who sends one means it."""
    for method, address, _ in operations(described):
        answer = guest.browser.request(method, guest.running.url + address, headers={"Authorization": "Bearer nl_no_such"})
        assert (address, answer.status_code) == (address, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


def shape(value: Any) -> Any:
    """Reduce an answer to the names of its fields; what is empty or nothing may be anything."""
    match value:
        case dict():
            return {name: shape(part) for name, part in value.items()}
        case [first, *_]:
            return [shape(first)]
    return ...


def alike(example: Any, answer: Any) -> bool:
    """Tell whether two shapes have the same fields, as far as both go."""
    match example, answer:
        case dict(), dict():
            return example.keys() == answer.keys() and all(alike(example[name], answer[name]) for name in example)
        case [inner], [found]:
            return alike(inner, found)
    return example is ... or answer is ...


def test_examples_look_like_what_is_answered(guest: Guest) -> None:
    stay = stay_of()
    dates = {"arrival": stay.arrival.isoformat(), "departure": stay.departure.isoformat()}
    nights = {"from": dates["arrival"], "to": dates["departure"], "room_type": "garden-room"}
    guest.books(stay)
    place, token = f"reservations/{guest.held['reservation_id']}", {"token": guest.held["manage_url"].rpartition("/")[2]}
    api = guest.running.api
    preview = {**token, "preview": "true"}
    answers = {
        ("availability_availability", "answer"): guest.browser.get(f"{api}/availability", params=dates),
        ("availability_calendar", "answer"): guest.browser.get(f"{api}/calendar", params=nights),
        ("reservations_reservation", "answer"): guest.browser.get(f"{api}/{place}", params=token),
        ("reservations_cancel", "preview"): guest.browser.post(f"{api}/{place}/cancel", params=preview),
        ("stays_change", "preview"): guest.browser.post(f"{api}/{place}/change", params=preview, json={"adults": 1}),
    }  # fmt: skip
    for (name, kind), answer in answers.items():
        assert answer.status_code == 200, (name, answer.text)
        assert alike(shape(EXAMPLES[name][kind]), shape(answer.json())), (name, answer.json())
    assert alike(shape(EXAMPLES["holds_hold"]["answer"]), shape(guest.held)), guest.held


def test_shapes_that_differ_are_told_apart() -> None:
    example = {"total": {"amount_minor": 1}, "stays": [{"room": "101"}], "notes": []}
    assert alike(shape(example), shape({"total": None, "stays": [{"room": None}, {"room": "1"}], "notes": [{"at": 1}]}))
    assert not alike(shape(example), shape({**example, "total": {"minor": 1}}))
    assert not alike(shape(example), shape({**example, "stays": [{"code": "101"}]}))
    assert not alike(shape(example), shape({"total": None, "stays": []}))


def test_every_wrong_parameter_is_named(guest: Guest) -> None:
    answer = guest.browser.get(f"{guest.running.api}/availability", params={"arrival": "soon", "adults": "0", "after": ""})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"arrival", "departure", "adults", "after"}


def test_parameters_that_nobody_knows_are_left_aside(guest: Guest) -> None:
    stay = stay_of()
    dates = {"arrival": stay.arrival.isoformat(), "departure": stay.departure.isoformat()}
    plain, odd = (guest.browser.get(f"{guest.running.api}/availability", params=dates | more) for more in ({}, {"utm": "x"}))
    assert plain.status_code == odd.status_code == 200
    assert plain.headers["ledger-position"] == str(plain.json()["position"])
    assert [offer["room_type"] for offer in odd.json()["offers"]] == [offer["room_type"] for offer in plain.json()["offers"]]
