"""What the description says of routes that read their parameters by themselves, and that they do what it says."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.e2e.guest import Guest, stay_of

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


def test_who_may_call_what(described: dict[str, Any]) -> None:
    """Every route of the API takes a bearer token, and the description says which."""
    (scheme,) = described["components"]["securitySchemes"]
    routes = [each for path, of_path in described["paths"].items() if path.startswith(ROOT) for each in of_path.values()]
    assert len(routes) >= 7
    assert all(route["security"] == [{scheme: []}] for route in routes)


def test_a_key_that_is_not_good_opens_nothing(guest: Guest, described: dict[str, Any]) -> None:
    """Also where no key is needed: who sends one means it."""
    for path, of_path in described["paths"].items():
        for method in of_path if path.startswith(ROOT) else ():
            address = path.format_map(defaultdict(lambda: "0" * 32, property_code="ella", position="1"))
            answer = guest.browser.request(method, guest.running.url + address, headers={"Authorization": "Bearer nl_no_such"})
            assert (path, answer.status_code) == (path, 401)
            assert answer.headers["www-authenticate"] == "Bearer"


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
