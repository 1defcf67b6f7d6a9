"""What a payment knows after each event, and what each question gives in each of its states: as whole tables."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from ledger.event import Event
from ledger.money import NOTHING, Money
from tests.examples import VEHICLE, minutes, named, usd

RESERVATION, REFUND, SECOND = named("r"), named("refund"), named("second refund")
OF: dict[str, Any] = {"reservation_id": RESERVATION}

REQUESTED = Payment.Requested(**OF, purpose="deposit", amount=usd(3_000), vehicle=VEHICLE)
MADE = Payment.VehicleMade(**OF, session_id="cs_1", url="https://pay.example")
AUTHORISED = Payment.Authorised(**OF, intent_id="pi_1", amount=usd(3_000), capture_before=minutes(60))
CAPTURE_ASKED = Payment.CaptureAsked(**OF)
CAPTURED = Payment.Captured(**OF, intent_id="pi_2", charge_id="ch_1", amount=usd(2_900))
VOID_ASKED = Payment.VoidAsked(**OF, reason="expired")
CLOSED = Payment.Closed(**OF, how="expired")
REFUND_ASKED = Payment.RefundAsked(**OF, refund_id=REFUND, amount=usd(2_000), reason="cancelled")
REFUNDED = Payment.Refunded(**OF, refund_id=REFUND, vendor_refund_id="re_1", amount=usd(2_000))
SECOND_ASKED = Payment.RefundAsked(**OF, refund_id=SECOND, amount=usd(900), reason="changed")
REFUND_FAILED = Payment.RefundFailed(**OF, refund_id=REFUND, reason="card closed")
LOST = Payment.Lost(**OF, reason="authorisation ran out")

STORIES: dict[str, tuple[Event, ...]] = {
    "none": (),
    "requested": (REQUESTED,),
    "open": (REQUESTED, MADE),
    "capturing": (REQUESTED, MADE, AUTHORISED, CAPTURE_ASKED),
    "captured": (REQUESTED, MADE, CAPTURED),
    "voiding": (REQUESTED, MADE, VOID_ASKED),
    "closed": (REQUESTED, MADE, VOID_ASKED, CLOSED),
    "refund_due": (REQUESTED, MADE, CAPTURED, REFUND_ASKED),
    "two refunds due": (REQUESTED, MADE, CAPTURED, REFUND_ASKED, SECOND_ASKED),
    "refunded": (REQUESTED, MADE, CAPTURED, REFUND_ASKED, REFUNDED),
    "lost": (REQUESTED, MADE, AUTHORISED, CAPTURE_ASKED, LOST),
}
BEGUN = [state for state in STORIES if state != "none"]


def payment(*events: Event) -> Payment:
    made = Payment()
    for event in events:
        made.apply(event)
    return made


NEW = {
    "state": "none", "reservation_id": None, "amount": NOTHING, "vehicle": None, "session_id": None, "url": None,
    "intent_id": None, "captured": NOTHING, "refunds": (), "given_back": 0, "last_failure": None, "failed_steps": (),
    "purpose": "",
}  # fmt: skip


def test_a_new_payment_knows_nothing() -> None:
    assert vars(Payment()) == NEW


@pytest.mark.parametrize(
    ("before", "event", "learned"),
    [
        (
            "none",
            REQUESTED,
            {
                "state": "requested",
                "reservation_id": RESERVATION,
                "purpose": "deposit",
                "amount": usd(3_000),
                "vehicle": VEHICLE,
            },
        ),
        ("requested", MADE, {"state": "open", "session_id": "cs_1", "url": "https://pay.example"}),
        ("none", MADE, {"session_id": "cs_1", "url": "https://pay.example"}),
        ("open", AUTHORISED, {"intent_id": "pi_1"}),
        ("open", CAPTURE_ASKED, {"state": "capturing"}),
        ("open", CAPTURED, {"state": "captured", "intent_id": "pi_2", "captured": usd(2_900)}),
        ("open", VOID_ASKED, {"state": "voiding"}),
        ("voiding", MADE, {}),
        ("voiding", CLOSED, {"state": "closed"}),
        ("captured", REFUND_ASKED, {"state": "refund_due", "refunds": ((REFUND, usd(2_000)),), "given_back": 2_000}),
        ("refund_due", SECOND_ASKED, {"refunds": ((REFUND, usd(2_000)), (SECOND, usd(900))), "given_back": 2_900}),
        ("refund_due", REFUNDED, {"state": "refunded", "refunds": ()}),
        ("refund_due", REFUND_FAILED, {"state": "lost", "refunds": ()}),
        ("two refunds due", REFUNDED, {"refunds": ((SECOND, usd(900)),)}),
        ("two refunds due", REFUND_FAILED, {"refunds": ((SECOND, usd(900)),)}),
        ("refunded", SECOND_ASKED, {"state": "refund_due", "refunds": ((SECOND, usd(900)),), "given_back": 2_900}),
        ("capturing", LOST, {"state": "lost"}),
        ("open", Payment.Poked(**OF, source="webhook", vendor_event_id="evt_1", kind="t"), {}),
        ("open", Payment.TryFailed(**OF, code="card_declined"), {"last_failure": "card_declined"}),
        (
            "open",
            Payment.StepFailed(**OF, step="capture", attempt=1, reason="timeout"),
            {"failed_steps": (("capture", 1),)},
        ),
    ],
)
def test_an_event_changes_just_this(before: str, event: Event, learned: dict[str, object]) -> None:
    known = payment(*STORIES[before])
    expected = vars(known) | learned
    known.apply(event)
    assert vars(known) == expected


@pytest.mark.parametrize("state", STORIES)
def test_the_stories_end_in_their_states(state: str) -> None:
    assert payment(*STORIES[state]).state == {"two refunds due": "refund_due"}.get(state, state)


@pytest.mark.parametrize("state", STORIES)
def test_only_a_page_that_could_take_money_is_voided(state: str) -> None:
    expected = [VOID_ASKED] if state in {"requested", "open", "capturing"} else []
    assert payment(*STORIES[state]).void("expired") == expected


@pytest.mark.parametrize("state", BEGUN)
def test_a_hint_is_kept_until_the_payment_is_over(state: str) -> None:
    poked = Payment.Poked(**OF, source="webhook", vendor_event_id="evt_1", kind="refund.updated")
    expected = [] if state in {"captured", "closed", "refunded", "lost"} else [poked]
    assert payment(*STORIES[state]).poke("webhook", "evt_1", "refund.updated") == expected


@pytest.mark.parametrize("state", BEGUN)
def test_a_payment_is_closed_once(state: str) -> None:
    assert payment(*STORIES[state]).close("expired") == ([] if state == "closed" else [CLOSED])


@pytest.mark.parametrize(
    ("state", "left"), [("captured", 2_900), ("refund_due", 900), ("two refunds due", 0), ("refunded", 900)]
)
@pytest.mark.parametrize("amount", [-1, 0, 1, 899, 900, 901, 2_899, 2_900, 2_901])
def test_never_more_goes_back_than_is_left(state: str, left: int, amount: int) -> None:
    given = max(min(amount, left), 0)
    expected = [Payment.RefundAsked(**OF, refund_id=SECOND, amount=usd(given), reason="changed")] if given else []
    assert payment(*STORIES[state]).ask_refund(SECOND, usd(amount), "changed") == expected


@pytest.mark.parametrize("state", ["requested", "open", "capturing", "voiding", "closed", "lost"])
def test_nothing_goes_back_of_what_was_not_captured(state: str) -> None:
    assert payment(*STORIES[state]).ask_refund(REFUND, usd(1), "cancelled") == []


@pytest.mark.parametrize("state", STORIES)
@pytest.mark.parametrize(
    ("status", "reason", "settled"),
    [
        ("succeeded", "", REFUNDED),
        ("failed", "card closed", REFUND_FAILED),
        ("canceled", "card closed", REFUND_FAILED),
        ("failed", "", Payment.RefundFailed(**OF, refund_id=REFUND, reason="failed")),
        ("pending", "", None),
    ],
)
def test_a_refund_settles_while_it_is_due(state: str, status: str, reason: str, settled: Event | None) -> None:
    pending = {"refund_due": 0, "two refunds due": 1}
    expected = [replace(settled, pending=pending[state])] if state in pending and settled else []
    assert payment(*STORIES[state]).settle_refund(REFUND, status, "re_1", reason) == expected
    assert payment(*STORIES[state]).settle_refund(named("another"), status, "re_1", reason) == []


def test_a_failed_refund_does_not_hide_the_next_one() -> None:
    after = payment(*STORIES["two refunds due"], REFUND_FAILED)
    assert (after.state, after.refund_id, after.paid()) == ("refund_due", SECOND, usd(0))


@pytest.mark.parametrize("state", STORIES)
def test_paid_is_what_was_captured_and_is_still_here(state: str) -> None:
    known = payment(*STORIES[state])
    if state == "capturing":
        with pytest.raises(Payment.InFlight):
            known.paid()
    else:
        left = {"captured": 2_900, "refund_due": 900, "refunded": 900}
        assert known.paid() == Money(left.get(state, 0), "XXX" if state == "none" else "USD")
    assert known.counted() == (usd(3_000) if state == "capturing" else known.paid())


def test_a_failed_attempt_of_a_step_is_noted_once() -> None:
    failed = Payment.StepFailed(**OF, step="capture", attempt=2, reason="timeout")
    known = payment(REQUESTED, MADE)
    assert known.note_failed_step("capture", 2, "timeout") == [failed]
    known.apply(failed)
    assert known.note_failed_step("capture", 2, "timeout") == []
    assert known.note_failed_step("capture", 3, "timeout") == [
        Payment.StepFailed(**OF, step="capture", attempt=3, reason="timeout")
    ]
    assert known.note_failed_step("refund", 2, "timeout") == [
        Payment.StepFailed(**OF, step="refund", attempt=2, reason="timeout")
    ]


def test_the_same_failed_try_is_noted_once() -> None:
    known = payment(REQUESTED, MADE)
    declined = Payment.TryFailed(**OF, code="card_declined")
    assert known.note_failed_try("card_declined") == [declined]
    known.apply(declined)
    assert known.note_failed_try("card_declined") == []
    assert known.note_failed_try("expired_card") == [Payment.TryFailed(**OF, code="expired_card")]


def test_a_page_is_noted_once() -> None:
    assert payment(REQUESTED).note_vehicle("cs_1", "https://pay.example") == [MADE]
    assert payment(REQUESTED, MADE).note_vehicle("cs_2", "https://pay.example/2") == []


def test_a_request_says_what_is_paid() -> None:
    assert Payment().request(RESERVATION, "deposit", usd(3_000), VEHICLE) == REQUESTED
    assert Payment().request(RESERVATION, "balance", usd(3_000), VEHICLE) == replace(REQUESTED, purpose="balance")


def test_a_payment_that_never_was_is_unknown() -> None:
    with pytest.raises(Payment.Unknown):
        _ = Payment().reservation
