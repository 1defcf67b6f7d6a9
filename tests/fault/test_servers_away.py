"""PostgreSQL or Valkey away for a while: clear answers meanwhile, nothing half-done, and everything goes on afterwards."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.fault.desk import Stay
from tests.fault.evidence import check_log, check_mails, check_money, check_read_models, head_of, log_of, settle
from tests.installation import Running, wait_until

LONGEST_ANSWER_SECONDS = 15
HOLDING = frozenset({"reservation.held.v1", "room-night.hold-requested.v1", "holder.hold-counted.v1"})
"""What a hold writes. Anything else may come of earlier guests, whose reminders and timers ring when they like."""


@pytest.mark.timeout(180)
def test_postgresql_away_is_a_503_and_the_same_request_succeeds_later(running: Running) -> None:
    before = head_of(running)
    stay = Stay(running)
    with running.without("PostgreSQL"):
        begun = time.monotonic()
        answer = stay.ask()
        print(f"\nanswered {time.monotonic() - begun:.1f} s after PostgreSQL went away")
        assert time.monotonic() - begun < LONGEST_ANSWER_SECONDS
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["code"] == "unavailable"
        health = httpx.get(f"{running.url}/readyz", timeout=10)
        assert health.status_code == 503
        assert "does not answer" in health.json()["parts"]["database"]
        assert health.json()["parts"]["redis"].startswith("ok")
        assert httpx.get(f"{running.url}/livez").status_code == 200
    wait_until(running.is_ready, 30, running.said)
    since = [told.topic for told in log_of(running) if told.position > before]
    assert not HOLDING & set(since), f"something was half-done: {since}"
    print(f"{_refused_until_held(stay)} more times 503 after /readyz said ready")
    stay.held()
    assert stay.same(stay.ask())
    stay.opened().paid().comes_back()
    stay.waits_for("confirmed", "captured")
    assert [told.stream for told in log_of(running) if told.topic == "reservation.held.v1"].count(stay.reservation_id) == 1


@pytest.mark.timeout(180)
def test_valkey_away_does_not_stop_bookings(running: Running) -> None:
    stay, other = Stay(running), Stay(running)
    with running.without("Valkey"):
        health = httpx.get(f"{running.url}/readyz", timeout=10)
        assert health.status_code == 503
        assert "bookings go on" in health.json()["parts"]["redis"]
        assert health.json()["parts"]["database"] == "ok"
        begun = time.monotonic()
        wish = {name: stay.content[name] for name in ("arrival", "departure")}
        offers = httpx.get(f"{running.api}/availability", params={**wish, "adults": 2}, timeout=30)
        assert offers.status_code == 200, offers.text
        assert any(offer["room_type"] == "garden-room" and offer["rooms_left"] for offer in offers.json()["offers"])
        stay.held()
        other.held()
        print(f"\nsearch and two holds without Valkey took {time.monotonic() - begun:.1f} s")
        assert other.cancelled()["state"] in {"abandoned", "cancelled"}
    wait_until(running.is_ready, 30, running.said)
    stay.opened().paid().comes_back()
    stay.waits_for("confirmed", "captured")
    assert running.parts("worker")
    assert "Traceback" not in "\n".join(line for line in running.said().splitlines() if "sweeper" in line)


@pytest.mark.timeout(180)
def test_afterwards_everything_agrees(running: Running) -> None:
    settle(running)
    log = log_of(running)
    check_log(log)
    check_money(running, log)
    check_mails(running, log)
    check_read_models(running)


def _refused_until_held(stay: Stay) -> int:
    """Ask again as Retry-After invites, for some seconds; count the 503s. Dead connections are used up one by one."""
    refused = 0
    deadline = time.monotonic() + 30
    while (answer := stay.ask()).status_code == 503:
        refused += 1
        assert time.monotonic() < deadline, answer.text
    return refused
