"""Which letters a reservation's history calls for, as whole lists, and that each fact with a letter makes it due."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.ask_notification import AskNotification
from ledger.event import Event, Recorded
from projections.due import what_is_due
from sagas.paying import follow
from sagas.telling_guest import react
from tests.examples import DEPOSIT, NOW, VEHICLE, deposit_of, held_event, named, stay, usd

R, P = named("r"), deposit_of("r")
ONE, TWO = stay("r", "g1"), stay("r", "g2")
HELD = held_event("r", (ONE, TWO))
CONFIRMED = Reservation.Confirmed(guarantee="card", payment_id=P)
CHANGED = Reservation.StayChanged(stay_id=ONE.stay_id, stay=ONE, difference=usd(0), reason="dates")
ABSENT = Reservation.StayNoShow(stay_id=ONE.stay_id, fee=usd(0), refund=usd(0))
BACK = Reservation.StayReinstated(stay_id=ONE.stay_id, stay=ONE, fee=usd(0), refund=usd(0))
CAPTURED: dict[str, Any] = {"reservation_id": R, "intent_id": "pi_1", "charge_id": "ch_1", "amount": DEPOSIT}


def cancelled(booked: Any) -> Event:
    return Reservation.StayCancelled(stay_id=booked.stay_id, reason="other", fee=usd(0), refund=usd(0))


def refunded(pending: int = 0) -> Event:
    return Payment.Refunded(
        reservation_id=R, refund_id=named("refund"), vendor_refund_id="re_1", amount=usd(5), pending=pending
    )


def recorded(*events: Event) -> list[Recorded]:
    """Record events one after the other, each in the stream that it belongs to."""
    return [
        Recorded(position=position, stream=_stream(event), version=position, event=event, occurred_at=NOW, recorded_at=NOW)
        for position, event in enumerate(events, 1)
    ]


def _stream(event: Event) -> UUID:
    return P if event.topic.startswith("payment.") else R


def letters(*events: Event) -> list[tuple[str, int]]:
    asked: list[AskNotification] = react(recorded(*events))
    return [(command.kind, command.cause) for command in asked]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), []),
        ((HELD,), [("held", 1)]),
        ((HELD, CHANGED), [("held", 2)]),
        ((HELD, cancelled(ONE)), [("held", 2)]),
        ((HELD, CONFIRMED), [("confirmed", 2)]),
        ((HELD, CHANGED, CONFIRMED), [("confirmed", 3)]),
        ((HELD, CONFIRMED, Payment.Captured(**CAPTURED)), [("confirmed", 2)]),
        ((HELD, CONFIRMED, Payment.Captured(**CAPTURED, purpose="balance")), [("confirmed", 2), ("received", 3)]),
        ((HELD, CONFIRMED, CHANGED, CHANGED), [("confirmed", 2), ("changed", 3), ("changed", 4)]),
        ((HELD, CONFIRMED, cancelled(ONE)), [("confirmed", 2), ("changed", 3)]),
        ((HELD, CONFIRMED, cancelled(ONE), cancelled(TWO)), [("confirmed", 2), ("changed", 3), ("cancelled", 4)]),
        (
            (HELD, CONFIRMED, ABSENT, cancelled(TWO)),
            [("confirmed", 2), ("cancelled", 4)],
        ),
        ((HELD, CONFIRMED, ABSENT, BACK), [("confirmed", 2), ("changed", 4)]),
        ((HELD, CONFIRMED, ABSENT, BACK, cancelled(TWO)), [("confirmed", 2), ("changed", 4), ("changed", 5)]),
        ((HELD, CONFIRMED, refunded(1), refunded()), [("confirmed", 2), ("refunded", 3), ("refunded", 4)]),
    ],
)
def test_the_letters_of_a_history(events: tuple[Event, ...], expected: list[tuple[str, int]]) -> None:
    assert letters(*events) == expected


@pytest.mark.parametrize(
    "event", [CONFIRMED, CHANGED, BACK, cancelled(ONE), Payment.Captured(**CAPTURED, purpose="balance"), refunded()]
)
def test_what_is_told_is_due_at_once(event: Event) -> None:
    """A fact that is due without a letter would be looked at for ever, one with a letter that is not due never told."""
    due = [each for each in what_is_due(recorded(event)[0]) if each.rule == "telling_guest"]
    assert [(each.subject, each.due_at) for each in due] == [(R, NOW)]


def test_a_deposit_is_told_of_by_the_confirmation_alone() -> None:
    assert [due.rule for due in what_is_due(recorded(Payment.Captured(**CAPTURED))[0])] == ["paying"]


@pytest.mark.parametrize(("pending", "due"), [(0, None), (1, NOW)])
def test_the_next_refund_of_a_payment_is_due_when_one_is_done(pending: int, due: object) -> None:
    failed = Payment.RefundFailed(reservation_id=R, refund_id=named("refund"), reason="closed", pending=pending)
    for event in (refunded(pending), failed):
        rows = [each for each in what_is_due(recorded(event)[0]) if each.rule == "paying"]
        assert [row.due_at for row in rows] == [due]


def test_refunds_are_done_in_the_order_in_which_they_were_asked_for() -> None:
    first, second = named("refund"), named("second")
    story = [
        Payment.Requested(reservation_id=R, purpose="deposit", amount=DEPOSIT, vehicle=VEHICLE),
        Payment.Captured(**CAPTURED),
        Payment.RefundAsked(reservation_id=R, refund_id=first, amount=usd(5), reason="changed"),
        Payment.RefundAsked(reservation_id=R, refund_id=second, amount=usd(7), reason="changed"),
    ]
    paying = follow(P, recorded(*story))
    assert (paying.step, paying.refund and paying.refund.refund_id) == ("refund", first)
    assert paying.key("refund") == f"refund:{first}:1"
    paying = follow(P, recorded(*story, refunded(1)))
    assert (paying.step, paying.refund and paying.refund.refund_id) == ("refund", second)
    last = Payment.RefundFailed(reservation_id=R, refund_id=second, reason="closed")
    assert follow(P, recorded(*story, refunded(1), last)).step is None
