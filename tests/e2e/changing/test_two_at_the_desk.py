"""Two members of staff change one booking at the same moment: one wins, the other is shown what changed.

The control leaves the version out, and both changes go through, the second over the first.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.guest import Guest, stay_of

ROUNDS = 4
CHANGED = "reservation.stay-changed.v1"


def both(guest: Guest, version: int | None) -> list[httpx.Response]:
    """Let two change the same stay at once: one wants another party, the other another rate plan."""
    address = f"{guest.running.api}/reservations/{guest.held['reservation_id']}/change"
    ready = Barrier(2)

    def asks(content: dict[str, Any]) -> httpx.Response:
        headers = {**guest.running.staff, "Idempotency-Key": str(uuid4())}
        with httpx.Client(headers=headers, timeout=20) as desk:
            ready.wait()
            return desk.post(address, json={**content, "expected_version": version})

    with ThreadPoolExecutor(2) as two:
        return list(two.map(asks, [{"adults": 1}, {"rate_plan": "advance-saver"}]))


@pytest.mark.parametrize("_", range(ROUNDS))
def test_one_wins_and_the_other_sees_what_changed(guest: Guest, _: int) -> None:
    seen = guest.books(stay_of())
    answers = sorted(both(guest, seen["version"]), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409], [answer.text for answer in answers]
    problem = answers[1].json()
    assert problem["code"] == "reservation.changed_since"
    assert problem["details"] == {"version": seen["version"] + 1, "changed": [CHANGED]}
    found = guest.looks(answers[0].json()["position"])
    (row,) = found["changes"]
    assert (row["actor"][:4], found["version"]) == ("key:", seen["version"] + 1)
    stay = found["stays"][0]
    assert (stay["adults"], stay["rate_plan"]) in {(1, "flexible"), (2, "advance-saver")}


@pytest.mark.parametrize("_", range(ROUNDS))
def test_control_without_the_version_both_go_through(guest: Guest, _: int) -> None:
    """So the version is what protects: here the second one never learns that it changed something else than it saw."""
    guest.books(stay_of())
    answers = both(guest, None)
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    found = guest.looks(max(answer.json()["position"] for answer in answers))
    assert len(found["changes"]) == 2
    assert (found["stays"][0]["adults"], found["stays"][0]["rate_plan"]) == (1, "advance-saver")
