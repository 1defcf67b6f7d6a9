"""One booking of several stays, each with its own dates, party, rate and wishes."""

from __future__ import annotations

from datetime import timedelta

from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, Guest, stay_of


def test_two_stays_with_their_own_dates_are_booked_and_changed_one_by_one(guest: Guest, desk: Desk) -> None:
    long = stay_of(nights=4)
    books = desk.revenue(long)
    short = {**long.content, "departure": (long.arrival + timedelta(days=1)).isoformat(), "adults": 1, "wishes": ["floor-high"]}
    answer = guest.asks(long, stays=[{**long.content, "adults": 2}, short])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "stays"), "either the one form or the other"
    answer = guest.browser.post(
        f"{guest.running.api}/holds",
        json={"stays": [{**long.content, "adults": 2}, short], "guest": guest.details},
        headers={"Idempotency-Key": "two-stays"},
    )
    assert answer.status_code == 201, answer.text
    guest.held = answer.json()
    guest.checks_out().pays(PLAIN)
    found = guest.waits_for_payment("captured")
    assert [(stay["nights"], stay["adults"]) for stay in found["stays"]] == [(4, 2), (1, 1)]
    assert [stay["wishes"] for stay in found["stays"]] == [[], ["floor-high"]]
    unclear = guest.browser.post(
        f"{guest.running.api}/reservations/{found['reservation_id']}/change",
        json={"adults": 1}, headers={**guest.manage, "Idempotency-Key": "unclear"},
    )  # fmt: skip
    assert (unclear.status_code, unclear.json()["code"]) == (422, "reservation.which_stay")
    assert found["total"]["amount_minor"] == sum(stay["total"]["amount_minor"] for stay in found["stays"])
    assert desk.revenue(long, found["position"])[0] == books[0] + 5
