"""The whole table of the paying saga: every state of a payment, everything that can be seen, whole lists of events."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from aggregates.payment import Payment, State
from aggregates.reservation import Reservation
from commands.record_payment_observation import RecordPaymentObservation, Seen, Status
from ledger.command import Change
from ledger.event import Event
from ledger.ids import made_by
from ledger.money import Money
from ledger.refusal import Refusal
from tests.examples import (
    DEPOSIT,
    confirmed,
    deposit_of,
    held,
    minutes,
    named,
    nights_booked,
    nights_cancelled,
    nights_released,
    paying,
    stay,
    usd,
)
from tests.spec import Verdict, given

R, P = named("r"), deposit_of("r")
STATUSES: tuple[Status, ...] = get_args(Status)
REFUND_ID = made_by(named("command"), "refund")
CAPTURE_BEFORE = minutes(60 * 24 * 7)


def pay(event: type[Event], **fields: Any) -> Change:
    return Change(P, event(**({"reservation_id": R} | fields)))


AUTHORISED = pay(Payment.Authorised, intent_id="pi_1", amount=DEPOSIT, capture_before=CAPTURE_BEFORE)
CAPTURE_ASKED = pay(Payment.CaptureAsked)
CAPTURED = pay(Payment.Captured, intent_id="pi_1", charge_id="ch_1", amount=DEPOSIT)
EXPIRED = Change(R, Reservation.Expired(lost_nights=0))
BOOKED = [Change(R, Reservation.Confirmed(guarantee="card", payment_id=P)), *nights_booked((stay("r"),))]
GIVEN_BACK = [EXPIRED, *nights_released((stay("r"),), "voided")]


def void_asked(reason: str) -> Change:
    return pay(Payment.VoidAsked, reason=reason)


def closed(how: str) -> Change:
    return pay(Payment.Closed, how=how)


def refund_asked(reason: str, amount: Money = DEPOSIT) -> Change:
    return pay(Payment.RefundAsked, refund_id=REFUND_ID, amount=amount, reason=reason)


HELD = [*held("r"), *paying("r")]
CONFIRMED = [*HELD, AUTHORISED, CAPTURE_ASKED, *BOOKED]
EXPIRY = [*HELD, EXPIRED, *nights_released((stay("r"),), "expired"), void_asked("the hold expired")]
TOO_LATE = "too late or wrong amount"
ENDED_BEFORE = "paid after the hold ended"
REFUND_DUE = [*EXPIRY, CAPTURED, refund_asked(ENDED_BEFORE)]

STATES: dict[State, list[Change]] = {
    "requested": HELD[:-1],
    "open": HELD,
    "capturing": CONFIRMED,
    "captured": [*CONFIRMED, CAPTURED],
    "voiding": EXPIRY,
    "closed": [*EXPIRY, closed("canceled")],
    "refund_due": REFUND_DUE,
    "refunded": [*REFUND_DUE, pay(Payment.Refunded, refund_id=REFUND_ID, vendor_refund_id="re_1", amount=DEPOSIT)],
    "lost": [*CONFIRMED, pay(Payment.Lost, reason="canceled")],
}

ACCEPT: dict[Status, list[Change]] = {
    "requires_capture": [AUTHORISED, CAPTURE_ASKED, *BOOKED],
    "succeeded": [CAPTURED, *BOOKED],
    "canceled": [closed("canceled")],
    "expired": [closed("expired")],
}
TABLE: dict[State, dict[Status, list[Change]]] = {
    "requested": ACCEPT,
    "open": ACCEPT,
    "capturing": {
        "succeeded": [CAPTURED],
        "canceled": [pay(Payment.Lost, reason="canceled")],
        "expired": [pay(Payment.Lost, reason="expired")],
    },
    "captured": {},
    "voiding": {
        "succeeded": [CAPTURED, refund_asked(ENDED_BEFORE)],
        "canceled": [closed("canceled")],
        "expired": [closed("expired")],
    },
    "closed": {
        "succeeded": [CAPTURED, refund_asked(ENDED_BEFORE)],
        "requires_capture": [void_asked("reserved after closing")],
    },
    "refund_due": {},
    "refunded": {},
    "lost": {},
}
"""What must follow; what is not here changes nothing."""


def seen(status: Status, amount: Money = DEPOSIT, failure_code: str = "") -> Seen:
    return Seen(
        status=status, amount_minor=amount.amount_minor, currency=amount.currency, intent_id="pi_1", charge_id="ch_1",
        failure_code=failure_code, capture_before=CAPTURE_BEFORE if status == "requires_capture" else None,
    )  # fmt: skip


def observe(changes: list[Change], what: Seen, stale_by: int = 0) -> Verdict:
    """Record what was seen when the payment stood `stale_by` events before where it stands now."""
    version = sum(change.stream == P for change in changes) - stale_by
    return given(*changes).when(RecordPaymentObservation(payment_id=P, version=version, seen=what), at=minutes(20))


def folded(changes: list[Change]) -> Payment:
    payment = Payment()
    for change in changes:
        if change.stream == P:
            payment.apply(change.event)
    return payment


@pytest.mark.parametrize("state", STATES)
def test_the_stories_end_in_the_states_they_are_told_for(state: State) -> None:
    assert folded(STATES[state]).state == state


def test_no_state_is_left_out() -> None:
    assert {*STATES, "none"} == set(get_args(State))
    assert STATES.keys() == TABLE.keys()


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("state", STATES)
def test_each_state_and_each_thing_seen(state: State, status: Status) -> None:
    expected = TABLE[state].get(status, [])
    observe(STATES[state], seen(status)).then(*expected).answers(moved=bool(expected))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("state", STATES)
def test_a_payment_that_moved_on_must_be_looked_at_again(state: State, status: Status) -> None:
    observe(STATES[state], seen(status), stale_by=1).refuses(Payment.MovedOn)
    observe(STATES[state], seen(status), stale_by=-1).refuses(Payment.MovedOn)


@pytest.mark.parametrize("status", STATUSES)
def test_an_unknown_payment_is_refused(status: Status) -> None:
    observe([], seen(status)).refuses(Payment.Unknown)


# —— While held: the amount and every night must be right ————————————————————————————————————————————————————————————


@pytest.mark.parametrize("wrong", [DEPOSIT - usd(1), DEPOSIT + usd(1), usd(0), Money(DEPOSIT.amount_minor, "EUR")])
def test_a_wrong_amount_confirms_nothing_and_goes_back(wrong: Money) -> None:
    reserved = pay(Payment.Authorised, intent_id="pi_1", amount=wrong, capture_before=CAPTURE_BEFORE)
    observe(HELD, seen("requires_capture", wrong)).then(reserved, void_asked(TOO_LATE), *GIVEN_BACK)
    taken = pay(Payment.Captured, intent_id="pi_1", charge_id="ch_1", amount=wrong)
    observe(HELD, seen("succeeded", wrong)).then(taken, refund_asked(TOO_LATE, wrong), *GIVEN_BACK)


LOST_FIRST = [
    *HELD,
    *nights_released((stay("r", nights=1),), "expired"),
    *held("rival", stay("rival", nights=1), held_until=minutes(60)),
]
REST_GIVEN_BACK = [Change(R, Reservation.Expired(lost_nights=1)), *nights_released((stay("r"),), "voided")[1:]]


def test_one_lost_night_loses_the_booking_and_no_money() -> None:
    """Law 7: a guest is never charged for a room that they did not get."""
    observe(LOST_FIRST, seen("requires_capture")).then(AUTHORISED, void_asked(TOO_LATE), *REST_GIVEN_BACK)
    observe(LOST_FIRST, seen("succeeded")).then(CAPTURED, refund_asked(TOO_LATE), *REST_GIVEN_BACK)


def test_a_night_that_was_lost_and_became_free_again_is_lost_all_the_same() -> None:
    back = nights_released((stay("rival", nights=1),), "expired")
    observe([*LOST_FIRST, *back], seen("requires_capture")).then(AUTHORISED, void_asked(TOO_LATE), *REST_GIVEN_BACK)


def test_money_after_the_time_confirms_while_nobody_took_a_night() -> None:
    """Law 2; the story is observed five minutes after the hold's time."""
    observe(HELD, seen("requires_capture")).then(AUTHORISED, CAPTURE_ASKED, *BOOKED)


def test_two_rooms_are_confirmed_together() -> None:
    two = stay("r", "g1"), stay("r", "g2")
    story = [*held("r", *two), *paying("r", amount=DEPOSIT)]
    observe(story, seen("requires_capture")).then(AUTHORISED, CAPTURE_ASKED, BOOKED[0], *nights_booked(two))


# —— A try that failed ————————————————————————————————————————————————————————————————————————————————————————————————

DECLINED = pay(Payment.TryFailed, code="card_declined")


def test_a_failed_try_is_noted_once() -> None:
    observe(HELD, seen("open", failure_code="card_declined")).then(DECLINED).answers(moved=True)
    observe([*HELD, DECLINED], seen("open", failure_code="card_declined")).then().answers(moved=False)
    observe([*HELD, DECLINED], seen("open", failure_code="no_funds")).then(pay(Payment.TryFailed, code="no_funds"))


@pytest.mark.parametrize("state", [state for state in STATES if state not in {"requested", "open"}])
def test_a_failed_try_matters_only_while_held(state: State) -> None:
    observe(STATES[state], seen("open", failure_code="card_declined")).then()


# —— After the booking ended some other way ———————————————————————————————————————————————————————————————————————————

OTHERWISE: dict[str, list[Change]] = {
    "given back": [
        Change(R, Reservation.Abandoned(reason="other")),
        *nights_released((stay("r"),), "abandoned"),
        void_asked("the guest gave the rooms back"),
    ],
    "confirmed by staff": [*confirmed("r"), void_asked("confirmed without it")],
    "cancelled": [
        *confirmed("r"),
        void_asked("confirmed without it"),
        Change(R, Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))),
        *nights_cancelled((stay("r"),)),
    ],
}


@pytest.mark.parametrize("story", OTHERWISE)
def test_money_that_comes_afterwards_goes_back(story: str) -> None:
    observe([*HELD, *OTHERWISE[story]], seen("succeeded")).then(CAPTURED, refund_asked(ENDED_BEFORE))
    observe([*HELD, *OTHERWISE[story]], seen("requires_capture")).then()


@pytest.mark.parametrize("kind", [Payment.Unknown, Payment.MovedOn, Payment.InFlight])
def test_refusals_of_payments_have_their_own_codes(kind: type[Refusal]) -> None:
    assert kind.code.startswith("payment.")
