"""Control characters that are typed, or rather sent, into the guest's own page and the staff's forms: told, and not stored."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.bad_input.problems import assert_problem
from tests.e2e.guest import Guest, stay_of

NUL = "a cot\x00please"


def test_a_request_on_the_own_page(guest: Guest) -> None:
    guest.books(stay_of())
    guest.opens(guest.held["manage_url"]).follows("Ask for something").sends("Tell the hotel", text=NUL)
    assert (guest.page.status, "plain characters" in guest.page.text) == (422, True)
    guest.sends("Tell the hotel", text="a cot\r\nplease")
    assert "your request has reached us" in guest.page.text
    (note,) = guest.waits(lambda found: bool(found["notes"]))["notes"]
    assert note["text"] == "a cot\nplease"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("{reservation}/notes", {"note": NUL}, "note"),
        ("{reservation}/stays/{stay}/guests", {"guests": [{"name": "Ada\nPerera"}]}, "guests.0.name"),
        ("{reservation}/stays/{stay}/guests", {"guests": [{"name": "Ada", "country": "L\tK"}]}, "guests.0.country"),
    ],
)
def test_what_the_staff_write(guest: Guest, path: str, body: dict[str, Any], field: str) -> None:
    held = guest.holds(stay_of()).held
    where = path.format(reservation=held["reservation_id"], stay=held["stays"][0]["stay_id"])
    headers = {**guest.running.staff, "Idempotency-Key": str(uuid4())}
    answer = httpx.post(f"{guest.running.api}/reservations/{where}", json=body, headers=headers, timeout=20)
    assert_problem(answer, 422, "malformed", field)
