"""What the API says to requests that make no sense: status, code, field, the next step; nothing written, nothing echoed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.bad_input.problems import SECRET_NAME, SECRET_PHONE, assert_problem
from tests.e2e.desk import Desk
from tests.e2e.guest import Guest
from tests.installation import Running

pytestmark = pytest.mark.usefixtures("head")
TODAY = date.today()  # noqa: DTZ011 - cases lie days away from midnight


@dataclass(frozen=True)
class Case:
    """A change to a good hold request, and what must be answered."""

    changes: dict[str, Any]
    code: str
    field: str | None = None
    status: int = 422
    without: tuple[str, ...] = ()


def days(count: int) -> str:
    """Write a date so many days from today."""
    return (TODAY + timedelta(days=count)).isoformat()


CASES = {
    "departure on arrival": Case({"departure": days(100)}, "dates.departure_not_after_arrival", "departure"),
    "departure before arrival": Case({"departure": days(99)}, "dates.departure_not_after_arrival", "departure"),
    "yesterday": Case({"arrival": days(-2), "departure": days(2)}, "dates.past", "arrival"),
    "long ago": Case({"arrival": "1999-01-01", "departure": "1999-01-03"}, "dates.past", "arrival"),
    "the first of all days": Case({"arrival": "0001-01-01", "departure": "0001-01-03"}, "dates.past", "arrival"),
    "366 nights": Case({"departure": days(466)}, "dates.too_long", "departure"),
    "the last of all days": Case({"arrival": "9999-12-29", "departure": "9999-12-31"}, "dates.too_far", "arrival"),
    "four years ahead": Case({"arrival": days(1400), "departure": days(1402)}, "dates.too_far", "arrival"),
    "no such date": Case({"arrival": "2027-02-30"}, "malformed", "arrival"),
    "words for a date": Case({"departure": "next week"}, "malformed", "departure"),
    "a number for a date": Case({"arrival": 20270101}, "malformed", "arrival"),
    "no arrival": Case({}, "malformed", "arrival", without=("arrival",)),
    "too many guests": Case({"adults": 3}, "property.too_many_guests", "adults"),
    "too many with children": Case({"adults": 2, "children": 2}, "property.too_many_guests", "children"),
    "nobody": Case({"adults": 0}, "malformed", "adults"),
    "fewer than nobody": Case({"children": -1}, "malformed", "children"),
    "no rooms": Case({"rooms": 0}, "malformed", "rooms"),
    "ten rooms": Case({"rooms": 10}, "malformed", "rooms"),
    "half a room": Case({"rooms": 1.5}, "malformed", "rooms"),
    "unknown room type": Case({"room_type": "igloo"}, "property.room_type_unknown", "room_type"),
    "odd room type": Case({"room_type": "Garden Room; DROP TABLE"}, "malformed", "room_type"),
    "unknown plan": Case({"rate_plan": "free"}, "rates.plan_unknown", "rate_plan"),
    "malformed e-mail": Case({"guest": {"name": SECRET_NAME, "email": "zebedee at quixotic"}}, "malformed", "guest.email"),
    "no e-mail": Case({"guest": {"name": SECRET_NAME}}, "malformed", "guest.email"),
    "no name": Case({"guest": {"name": "   ", "email": "zebedee@quixotic.example"}}, "malformed", "guest.name"),
    "an endless name": Case({"guest": {"name": "Zebedee " * 500, "email": "z@quixotic.example"}}, "malformed", "guest.name"),
    "a name with a NUL": Case(
        {"guest": {"name": f"{SECRET_NAME}\x00", "email": "z@quixotic.example"}}, "malformed", "guest.name"
    ),
    "a telephone of two lines": Case(
        {"guest": {"name": SECRET_NAME, "email": "z@quixotic.example", "phone": "1\r\nX: y"}}, "malformed", "guest.phone"
    ),
    "an extra field": Case({"discount": 100}, "malformed", "discount"),
    "no guest": Case({}, "malformed", "guest", without=("guest",)),
    "an invented quote": Case({"quote_id": "e30.x.y"}, "quote.expired", "quote_id", status=409),
}


@pytest.fixture(scope="module")
def head(desk: Desk) -> Iterator[int]:
    """Give the log's last position; nothing of all that is asked here may have been written after it."""
    quiet = desk.waits_for_quiet()
    yield quiet
    assert desk.asked_since(quiet) == []


def good(guest: Guest) -> dict[str, Any]:
    """Give a request that would be accepted."""
    details = {"name": SECRET_NAME, "email": guest.details["email"], "phone": SECRET_PHONE}
    return {
        "room_type": "garden-room", "rate_plan": "flexible", "arrival": days(100), "departure": days(102), "guest": details,
    }  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_hold(guest: Guest, name: str) -> None:
    case = CASES[name]
    body = {key: value for key, value in {**good(guest), **case.changes}.items() if key not in case.without}
    answer = guest.browser.post(f"{guest.running.api}/holds", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert_problem(answer, case.status, case.code, case.field)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe"])
def test_a_body_that_is_none(guest: Guest, raw: bytes) -> None:
    headers = {"Idempotency-Key": "x", "Content-Type": "application/json"}
    answer = guest.browser.post(f"{guest.running.api}/holds", content=raw, headers=headers)
    assert_problem(answer, 422, "malformed")


def test_a_body_nested_beyond_reading(guest: Guest) -> None:
    headers = {"Idempotency-Key": "x", "Content-Type": "application/json"}
    answer = guest.browser.post(f"{guest.running.api}/holds", content=b"[" * 50_000, headers=headers)
    assert_problem(answer, 400, "http.400")


@pytest.mark.parametrize("key", [None, "", "k" * 256])
def test_no_good_idempotency_key(guest: Guest, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = guest.browser.post(f"{guest.running.api}/holds", json=good(guest), headers=headers)
    assert_problem(answer, 422, "malformed", "Idempotency-Key")


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"arrival": days(10), "departure": days(10)}, "dates.departure_not_after_arrival", "departure"),
        ({"arrival": days(-2), "departure": days(2)}, "dates.past", "arrival"),
        ({"arrival": days(10), "departure": days(376)}, "dates.too_long", "departure"),
        ({"arrival": "soon", "departure": days(10)}, "malformed", "arrival"),
        ({"departure": days(10)}, "malformed", "arrival"),
        ({"arrival": days(10), "departure": days(12), "adults": "0"}, "malformed", "adults"),
        ({"arrival": days(10), "departure": days(12), "rooms": "99"}, "malformed", "rooms"),
        ({"arrival": days(10), "departure": days(12), "after": "-1"}, "malformed", "after"),
    ],
)
def test_a_bad_search(guest: Guest, query: dict[str, str], code: str, field: str) -> None:
    assert_problem(guest.browser.get(f"{guest.running.api}/availability", params=query), 422, code, field)


def test_a_calendar_of_nothing(guest: Guest) -> None:
    answer = guest.browser.get(f"{guest.running.api}/calendar", params={"room_type": "igloo"})
    assert_problem(answer, 422, "property.room_type_unknown", "room_type")


@pytest.mark.parametrize("path", ["revenue?from=2027-01-01&to=2027-01-31", "events", "events/1/proof"])
class TestKeys:
    def test_none(self, guest: Guest, path: str) -> None:
        answer = guest.browser.get(f"{guest.running.api}/{path}")
        assert_problem(answer, 401, "key.unknown")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("key", ["nl_", "nl_0123456789ab_wrong", "nl_" + "x" * 5000, "nl_é".encode().decode("latin-1")])
    def test_wrong(self, guest: Guest, path: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}".encode("latin-1")}
        answer = guest.browser.get(f"{guest.running.api}/{path}", headers=headers)  # type: ignore[arg-type]  # bytes as sent
        assert_problem(answer, 401, "key.unknown")
        assert key not in answer.text or key == "nl_"

    def test_of_too_small_a_scope(self, guest: Guest, path: str, narrow_key: str) -> None:
        answer = guest.browser.get(f"{guest.running.api}/{path}", headers={"Authorization": f"Bearer {narrow_key}"})
        assert_problem(answer, 403, "key.scope_missing")


@pytest.fixture(scope="module")
def narrow_key(running: Running) -> str:
    """Make a key that may only hold rooms."""
    made = running.run("api-key", "create", "--scope", "holds:write", "--note", "narrow")
    found = [word for word in made.stdout.split() if word.startswith("nl_")]
    assert found, made.stdout + made.stderr
    return found[0]


def test_an_unknown_property(guest: Guest) -> None:
    for address in ("nowhere", "ELLA", "..%2f", "x" * 300):
        answer = guest.browser.get(f"{guest.running.url}/api/v1/properties/{address}/calendar?room_type=x")
        assert answer.status_code == 404, answer.text
        assert answer.json()["code"] in {"property.unknown", "http.404"}


def test_an_unknown_reservation(desk: Desk) -> None:
    answer = desk.http.get(f"{desk.running.api}/reservations/{uuid4()}")
    assert_problem(answer, 404, "reservation.unknown")
    answer = desk.http.post(f"{desk.running.api}/reservations/{uuid4()}/cancel", headers={"Idempotency-Key": "x"})
    assert_problem(answer, 404, "reservation.unknown")
    answer = desk.http.get(f"{desk.running.api}/reservations/not-an-id")
    assert_problem(answer, 422, "malformed", "reservation_id")
