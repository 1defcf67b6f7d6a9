"""The vendors refuse, break, hang and hang up at every step: each journey still ends right, with one charge and one mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from tests.fault.desk import Stay
from tests.fault.evidence import check_log, check_money, log_of, mails_by_kind, settle
from tests.installation import Running, wait_until

Fault = dict[str, Any]
CREATE, EXPIRE = "/v1/checkout/sessions", "/v1/checkout/sessions/*/expire"
CAPTURE, CANCEL = "/v1/payment_intents/*/capture", "/v1/payment_intents/*/cancel"
REFUND, MAIL = "/v1/refunds", "/v3/mail/send"
FAULTS: dict[str, Fault] = {
    "429": {"action": "rate_limit"},
    "500 before": {"action": "server_error"},
    "500 kept under the key": {"action": "server_error", "when": "during"},
    "500 after applying": {"action": "server_error", "when": "after"},
    "dropped before": {"action": "drop"},
    "dropped after applying": {"action": "drop", "when": "after"},
    "timeout before": {"action": "timeout", "seconds": 1},
    "timeout after applying": {"action": "timeout", "when": "after", "seconds": 1},
}


def confirmed(running: Running, break_it: Callable[[], None]) -> Stay:
    """Book and pay, with a fault on the way."""
    stay = Stay(running).held()
    break_it()
    stay.opened().paid().comes_back()
    return stay.waits_for("confirmed", "captured")


def refunded(running: Running, break_it: Callable[[], None]) -> Stay:
    """Cancel a paid booking free of charge."""
    stay = confirmed(running, lambda: None)
    break_it()
    stay.cancelled()
    return stay.waits_for("cancelled", "refunded")


def given_up(running: Running, break_it: Callable[[], None]) -> Stay:
    """Give a hold back while its payment page is open."""
    stay = Stay(running).held().opened()
    break_it()
    stay.cancelled()
    return stay.waits_for("abandoned", "voided")


def given_up_too_late(running: Running, break_it: Callable[[], None]) -> Stay:
    """Give a hold back after the money was reserved, before anybody here has seen that."""
    stay = Stay(running).held().opened()
    with running.paused("worker"):
        stay.paid()
        stay.cancelled()
        break_it()
    return stay.waits_for("abandoned", "voided")


JOURNEYS: dict[str, Callable[[Running, Callable[[], None]], Stay]] = {
    CREATE: confirmed,
    CAPTURE: confirmed,
    REFUND: refunded,
    EXPIRE: given_up,
    CANCEL: given_up_too_late,
    MAIL: confirmed,
}


NIGHT = settings().max_examples > 100
CASES = [
    (path, fault)
    for row, path in enumerate(JOURNEYS)
    for column, fault in enumerate(FAULTS)
    if (NIGHT or (row + column) % 3 == 0) and (path, fault) != (MAIL, "500 kept under the key")
]
"""Every fault and every path by day, every pair at night; mails have no idempotency key to keep anything under."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("path", "fault"), CASES)
def test_a_journey_ends_right(path: str, fault: str, running: Running, effort: int) -> None:
    journey = JOURNEYS[path]
    seconds = {"seconds": 30} if effort > 1 and "timeout" in fault else {}
    wanted = {"method": "POST", "path": path, **FAULTS[fault], **seconds}

    def break_it() -> None:
        running.control("POST", "/faults", wanted)

    stay = journey(running, break_it)
    wait_until(lambda: running.control("GET", "/faults") == [], 20, running.said)
    moves = settle(running, 20 if seconds else 3)
    log = log_of(running)
    check_log(log)
    check_money(running, log)
    mails = mails_by_kind(running)[stay.reservation_id]
    print(f"\n{path} {fault}: {dict(mails)}, clock moved {moves} times")
    assert set(mails.values()) <= {1}, f"told twice: {mails}"
    assert bool(mails["confirmed"]) == (journey in {confirmed, refunded})
    if journey is refunded:
        assert {"confirmed", "cancelled", "refunded"} <= set(mails)


@pytest.mark.timeout(120)
def test_a_slow_answer_is_no_reason_to_send_a_mail_twice(running: Running) -> None:
    """The clock was moved by hours: what is due after some time must count from the product's own now."""
    running.control("POST", "/clock", {"advance_seconds": 7200})
    stay = Stay(running).held().opened().paid()
    running.control("POST", "/webhooks", {"delay_seconds": [5, 5]})
    running.control("POST", "/faults", {"action": "timeout", "when": "after", "path": MAIL, "seconds": 3})
    stay.comes_back()
    stay.waits_for("confirmed", "captured")
    settle(running, 15)
    running.control("POST", "/webhooks", {"delay_seconds": [0, 0.1]})
    assert mails_by_kind(running)[stay.reservation_id] == {"confirmed": 1}


@pytest.mark.timeout(120)
def test_a_moved_clock_does_not_make_idempotency_keys_old(running: Running) -> None:
    running.control("POST", "/clock", {"advance_seconds": 2 * 86_400})
    Stay(running).held().opened(20)
