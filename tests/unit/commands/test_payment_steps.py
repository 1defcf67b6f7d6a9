"""Requesting, poking, settling: each step of a payment is written once, whoever says it how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.poke_payment import PokePayment
from commands.record_failed_step import RecordFailedStep
from commands.record_refund_observation import RecordRefundObservation
from commands.record_vehicle import RecordVehicle
from commands.request_payment import PAGE_MARGIN, RequestPayment
from ledger.command import Change, Command
from ledger.event import Event
from tests.examples import DEPOSIT, HELD_UNTIL, VEHICLE, deposit_of, held, named, paying, usd
from tests.spec import given

R, P, SECOND = named("r"), deposit_of("r"), deposit_of("r", 2)
REFUND = named("refund")


def pay(event: type[Event], **fields: Any) -> Change:
    return Change(P, event(**({"reservation_id": R} | fields)))


HELD = held("r")
OPEN = [*HELD, *paying("r")]
CLOSED = [*OPEN, pay(Payment.Closed, how="expired")]
VOIDING = [*OPEN, pay(Payment.VoidAsked, reason="the hold expired")]
CAPTURED = pay(Payment.Captured, intent_id="pi_1", charge_id="ch_1", amount=DEPOSIT)
REFUND_DUE = [*VOIDING, CAPTURED, pay(Payment.RefundAsked, refund_id=REFUND, amount=DEPOSIT, reason="late")]
REFUNDED = pay(Payment.Refunded, refund_id=REFUND, vendor_refund_id="re_1", amount=DEPOSIT)
PAGE = replace(VEHICLE, expires_at=HELD_UNTIL + PAGE_MARGIN)
REQUEST = RequestPayment(reservation_id=R, description=VEHICLE.description, language="en")


# —— Request ——————————————————————————————————————————————————————————————————————————————————————————————————————————


def requested(payment: Any) -> list[Change]:
    return [
        Change(R, Reservation.PaymentAsked(payment_id=payment, purpose="deposit", amount=DEPOSIT)),
        Change(payment, Payment.Requested(reservation_id=R, purpose="deposit", amount=DEPOSIT, vehicle=PAGE)),
    ]


def test_what_is_due_is_requested() -> None:
    given(*HELD).when(REQUEST).then(*requested(P)).answers(payment_id=str(P))


@pytest.mark.parametrize("story", [OPEN, OPEN[:-1]])
def test_one_payment_lives_at_a_time(story: list[Change]) -> None:
    given(*story).when(REQUEST).then().answers(payment_id=str(P))


def test_after_a_closed_page_a_new_payment_is_made_while_still_held() -> None:
    given(*CLOSED).when(REQUEST).then(*requested(SECOND)).answers(payment_id=str(SECOND))


def test_there_is_nothing_to_pay_after_the_time() -> None:
    given(*HELD).when(REQUEST, at=HELD_UNTIL).refuses(Reservation.NotHeld, state="expired")
    given(*HELD, Change(R, Reservation.Expired(lost_nights=0))).when(REQUEST).refuses(Reservation.NotHeld, state="expired")
    given(*HELD, Change(R, Reservation.Confirmed(guarantee="staff"))).when(REQUEST).refuses(
        Reservation.NotHeld, state="confirmed"
    )
    given().when(REQUEST).refuses(Reservation.Unknown)


def test_the_page_outlives_the_hold_by_more_than_half_an_hour() -> None:
    """The provider's pages live 30 minutes at least, counted from their making."""
    event = given(*HELD).when(REQUEST).decision.changes[1].event
    assert isinstance(event, Payment.Requested)
    assert event.vehicle.expires_at > HELD_UNTIL + timedelta(minutes=30)


# —— Vehicle ——————————————————————————————————————————————————————————————————————————————————————————————————————————

MADE = RecordVehicle(payment_id=P, session_id="cs_1", url="https://pay.example")


def test_the_page_is_noted_once() -> None:
    made = pay(Payment.VehicleMade, session_id="cs_1", url="https://pay.example")
    given(*OPEN[:-1]).when(MADE).then(made)
    given(*OPEN).when(MADE).then()
    given(*OPEN).when(MADE.model_copy(update={"session_id": "cs_2"})).then()


def test_a_page_that_comes_after_the_void_is_noted_for_closing_it() -> None:
    late = [*OPEN[:-1], pay(Payment.VoidAsked, reason="the hold expired")]
    made = pay(Payment.VehicleMade, session_id="cs_1", url="https://pay.example")
    given(*late).when(MADE).then(made)
    payment = Payment()
    for change in [*late, made]:
        if change.stream == P:
            payment.apply(change.event)
    assert payment.state == "voiding"


# —— Poke —————————————————————————————————————————————————————————————————————————————————————————————————————————————

POKE = PokePayment(payment_id=P, source="webhook", vendor_event_id="evt_1", kind="checkout.session.completed")


@pytest.mark.parametrize("story", [OPEN[:-1], OPEN, VOIDING, REFUND_DUE])
def test_a_hint_is_kept_while_something_can_happen(story: list[Change]) -> None:
    poked = pay(Payment.Poked, source="webhook", vendor_event_id="evt_1", kind="checkout.session.completed")
    given(*story).when(POKE).then(poked)


@pytest.mark.parametrize("story", [CLOSED, [*REFUND_DUE, REFUNDED], [*OPEN, pay(Payment.Lost, reason="canceled")]])
def test_a_hint_about_a_finished_payment_is_dropped(story: list[Change]) -> None:
    given(*story).when(POKE).then()


# —— Failed step ——————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_failed_attempt_is_noted_once() -> None:
    failed = pay(Payment.StepFailed, step="create", attempt=1, reason="api_error")
    command = RecordFailedStep(payment_id=P, step="create", attempt=1, reason="api_error")
    given(*OPEN).when(command).then(failed)
    given(*OPEN, failed).when(command).then()
    again = pay(Payment.StepFailed, step="create", attempt=2, reason="api_error")
    given(*OPEN, failed).when(command.model_copy(update={"attempt": 2})).then(again)


# —— Refund ———————————————————————————————————————————————————————————————————————————————————————————————————————————


def saw(status: str, refund_id: object = REFUND) -> RecordRefundObservation:
    return RecordRefundObservation(
        payment_id=P, refund_id=refund_id, vendor_refund_id="re_1", status=status,  # type: ignore[arg-type]  # an id
        reason="lost_card" if status == "failed" else "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("pending", []),
        ("requires_action", []),
        ("succeeded", [REFUNDED]),
        ("failed", [pay(Payment.RefundFailed, refund_id=REFUND, reason="lost_card")]),
        ("canceled", [pay(Payment.RefundFailed, refund_id=REFUND, reason="canceled")]),
    ],
)
def test_a_refund_settles_as_the_provider_says(status: str, changes: list[Change]) -> None:
    given(*REFUND_DUE).when(saw(status)).then(*changes)


@pytest.mark.parametrize("status", ["pending", "succeeded", "failed", "canceled"])
def test_a_settled_refund_does_not_change(status: str) -> None:
    given(*REFUND_DUE, REFUNDED).when(saw(status)).then()
    given(*REFUND_DUE, pay(Payment.RefundFailed, refund_id=REFUND, reason="")).when(saw(status)).then()


def test_another_refund_of_the_same_payment_is_not_ours() -> None:
    given(*REFUND_DUE).when(saw("succeeded", named("other"))).then()


@pytest.mark.parametrize("command", [MADE, POKE, RecordFailedStep(payment_id=P, step="create", attempt=1, reason="")])
def test_an_unknown_payment_is_refused(command: Command) -> None:
    given().when(command).refuses(Payment.Unknown)


def test_an_unknown_refund_changes_nothing() -> None:
    given().when(saw("succeeded")).then()


def test_nothing_is_given_back_that_is_gone() -> None:
    payment = Payment()
    for change in REFUND_DUE:
        if change.stream == P:
            payment.apply(change.event)
    assert payment.ask_refund(named("another"), usd(1), "again") == []
