"""Paying what is left of a booking: which amounts may be asked for, and what follows from what is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.giving_back import close_payments, give_back
from commands.record_payment_observation import RecordPaymentObservation, Seen
from commands.request_payment import LINK_LIFE, Purpose, RequestPayment
from ledger.command import Change
from ledger.event import Event
from ledger.ids import made_by, payment_id
from ledger.money import Money
from tests.examples import (
    DEPOSIT,
    NOW,
    VEHICLE,
    confirmed,
    deposit_of,
    held,
    minutes,
    named,
    nights_booked,
    nights_cancelled,
    paying,
    price,
    stay,
    usd,
)
from tests.spec import Folds, Verdict, given

R, D = named("r"), deposit_of("r")
LEFT = price().total - DEPOSIT


def of(payment: UUID, event: type[Event], **fields: Any) -> Change:
    return Change(payment, event(**({"reservation_id": R} | fields)))


def captured(payment: UUID, amount: Money, purpose: str = "deposit") -> Change:
    return of(payment, Payment.Captured, intent_id="pi_1", charge_id="ch_1", amount=amount, purpose=purpose)


BOOKED = [
    *held("r"),
    *paying("r"),
    captured(D, DEPOSIT),
    Change(R, Reservation.Confirmed(guarantee="card", payment_id=D)),
    *nights_booked((stay("r"),)),
]
"""Booked with a card: the deposit is paid, the rest is left."""


def request(amount_minor: int | None = None, purpose: Purpose = "balance") -> RequestPayment:
    return RequestPayment(
        reservation_id=R, description=VEHICLE.description, language="en", purpose=purpose, amount_minor=amount_minor
    )


def balance(number: int = 2, purpose: str = "balance") -> UUID:
    return payment_id(R, purpose, number)


def asked(amount: Money, number: int = 2, purpose: str = "balance") -> list[Change]:
    page = replace(VEHICLE, expires_at=NOW + LINK_LIFE)
    payment = balance(number, purpose)
    return [
        Change(R, Reservation.PaymentAsked(payment_id=payment, purpose=purpose, amount=amount)),
        of(payment, Payment.Requested, purpose=purpose, amount=amount, vehicle=page),
    ]


# —— Asking ———————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_all_that_is_left_is_asked_for() -> None:
    answer = {"amount_minor": LEFT.amount_minor, "currency": "USD"}
    given(*BOOKED).when(request()).then(*asked(LEFT)).answers(payment_id=str(balance()), amount=answer)


@pytest.mark.parametrize("amount", [1, LEFT.amount_minor - 1, LEFT.amount_minor])
def test_a_part_of_it_may_be_paid(amount: int) -> None:
    given(*BOOKED).when(request(amount)).then(*asked(usd(amount)))


def test_more_than_is_left_is_refused() -> None:
    given(*BOOKED).when(request(LEFT.amount_minor + 1)).refuses(Payment.TooMuch, balance_minor=LEFT.amount_minor)


@pytest.mark.parametrize("amount", [0, -1])
def test_less_than_one_unit_is_no_amount(amount: int) -> None:
    with pytest.raises(ValueError, match="amount_minor"):
        request(amount)


def test_there_is_nothing_to_ask_for_once_all_is_paid() -> None:
    paid = [*BOOKED, *asked(LEFT), captured(balance(), LEFT, "balance")]
    given(*paid).when(request()).refuses(Payment.NothingDue)


def test_money_that_is_just_being_captured_need_not_be_paid_again() -> None:
    story = [*BOOKED, *asked(LEFT - usd(1)), of(balance(), Payment.CaptureAsked)]
    given(*story).when(request()).then(*asked(usd(1), 3))


def test_money_that_went_back_is_left_to_pay_again() -> None:
    back = of(D, Payment.RefundAsked, refund_id=named("refund"), amount=usd(500), reason="other")
    given(*BOOKED, back).when(request()).then(*asked(LEFT + usd(500)))


@pytest.mark.parametrize(
    ("story", "state"),
    [
        (held("r"), "held"),
        ([*held("r"), Change(R, Reservation.Expired(lost_nights=0))], "expired"),
        ([*held("r"), Change(R, Reservation.Abandoned(reason="other"))], "abandoned"),
    ],
)
def test_only_a_booking_has_a_balance(story: list[Change], state: str) -> None:
    given(*story).when(request()).refuses(Reservation.NotConfirmed, state=state)


def test_a_reservation_that_never_was_is_unknown() -> None:
    given().when(request()).refuses(Reservation.Unknown)


def test_a_cancelled_booking_owes_nothing() -> None:
    cancelled = Change(R, Reservation.Cancelled(reason="other", fee=usd(0), refund=DEPOSIT))
    given(*BOOKED, cancelled, *nights_cancelled((stay("r"),))).when(request()).refuses(Payment.NothingDue)


# —— One live payment a purpose ———————————————————————————————————————————————————————————————————————————————————————


def test_the_same_amount_leads_to_the_same_page() -> None:
    given(*BOOKED, *asked(LEFT)).when(request()).then().answers(payment_id=str(balance()))


def test_another_amount_closes_the_open_page() -> None:
    closing = of(balance(), Payment.VoidAsked, reason="another page was asked for")
    given(*BOOKED, *asked(LEFT)).when(request(100)).then(closing, *asked(usd(100), 3))


@pytest.mark.parametrize(("late", "same"), [(-1, True), (0, False), (1, False)])
def test_a_page_whose_time_is_over_is_replaced(late: int, same: bool) -> None:
    at = NOW + LINK_LIFE + timedelta(seconds=late)
    decision = given(*BOOKED, *asked(LEFT)).when(request(), at=at).decision
    assert decision.answer["payment_id"] == str(balance(2 if same else 3))
    assert len(decision.changes) == (0 if same else 3)


def test_another_purpose_has_a_page_of_its_own() -> None:
    given(*BOOKED, *asked(LEFT)).when(request(100, "extra")).then(*asked(usd(100), 3, "extra"))


# —— What is seen —————————————————————————————————————————————————————————————————————————————————————————————————————


def observe(story: list[Change], payment: UUID, seen: Seen) -> Verdict:
    version = sum(change.stream == payment for change in story)
    return given(*story).when(RecordPaymentObservation(payment_id=payment, version=version, seen=seen), at=minutes(20))


def reserved(amount: Money) -> Seen:
    return Seen(status="requires_capture", amount_minor=amount.amount_minor, currency=amount.currency, intent_id="pi_2")


def authorised(payment: UUID, amount: Money) -> Change:
    return of(payment, Payment.Authorised, intent_id="pi_2", amount=amount, capture_before=None)


OPEN = [*BOOKED, *asked(LEFT)]
NOT_WANTED = "too late or wrong amount"


def test_a_balance_that_is_reserved_is_captured() -> None:
    observe(OPEN, balance(), reserved(LEFT)).then(authorised(balance(), LEFT), of(balance(), Payment.CaptureAsked))


def test_a_balance_that_was_taken_is_paid() -> None:
    seen = Seen(status="succeeded", amount_minor=LEFT.amount_minor, currency="USD", intent_id="pi_1", charge_id="ch_1")
    observe(OPEN, balance(), seen).then(captured(balance(), LEFT, "balance"))


@pytest.mark.parametrize("wrong", [LEFT - usd(1), LEFT + usd(1), Money(LEFT.amount_minor, "EUR")])
def test_a_wrong_amount_is_let_go(wrong: Money) -> None:
    observe(OPEN, balance(), reserved(wrong)).then(
        authorised(balance(), wrong), of(balance(), Payment.VoidAsked, reason=NOT_WANTED)
    )


DOUBLE = [*OPEN, *asked(LEFT, 3, "extra"), authorised(balance(), LEFT), of(balance(), Payment.CaptureAsked)]
CANCELLED = [*OPEN, Change(R, Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0)))]


@pytest.mark.parametrize(("story", "payment"), [(DOUBLE, balance(3, "extra")), (CANCELLED, balance())])
def test_a_double_or_late_payment_is_never_kept(story: list[Change], payment: UUID) -> None:
    observe(story, payment, reserved(LEFT)).then(authorised(payment, LEFT), of(payment, Payment.VoidAsked, reason=NOT_WANTED))
    taken = Seen(status="succeeded", amount_minor=LEFT.amount_minor, currency="USD", intent_id="pi_1", charge_id="ch_1")
    purpose = "extra" if payment == balance(3, "extra") else "balance"
    refund = made_by(named("command"), "refund")
    observe(story, payment, taken).then(
        captured(payment, LEFT, purpose),
        of(payment, Payment.RefundAsked, refund_id=refund, amount=LEFT, reason=NOT_WANTED),
    )


def test_a_page_that_ends_ends_only_itself() -> None:
    observe(OPEN, balance(), Seen(status="expired")).then(of(balance(), Payment.Closed, how="expired"))


def test_reserved_money_that_goes_away_leaves_the_booking() -> None:
    story = [*OPEN, authorised(balance(), LEFT), of(balance(), Payment.CaptureAsked)]
    observe(story, balance(), Seen(status="canceled")).then(of(balance(), Payment.Lost, reason="canceled"))


# —— Giving back ——————————————————————————————————————————————————————————————————————————————————————————————————————

PAID = [*OPEN, captured(balance(), LEFT, "balance")]


def knowing(story: list[Change]) -> Folds:
    known = Folds(story)
    known.read |= {change.stream for change in story}
    return known


def back(payment: UUID, amount: Money) -> Change:
    refund = made_by(named("command"), f"refund/{payment}")
    return of(payment, Payment.RefundAsked, refund_id=refund, amount=amount, reason="changed")


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        (usd(0), []),
        (usd(1), [back(balance(), usd(1))]),
        (LEFT, [back(balance(), LEFT)]),
        (LEFT + usd(1), [back(balance(), LEFT), back(D, usd(1))]),
        (LEFT + DEPOSIT, [back(balance(), LEFT), back(D, DEPOSIT)]),
        (LEFT + DEPOSIT + usd(1), [back(balance(), LEFT), back(D, DEPOSIT)]),
    ],
)
def test_the_newest_money_goes_back_first_and_never_more_than_was_captured(amount: Money, parts: list[Change]) -> None:
    assert give_back(knowing(PAID), [D, balance()], amount, named("command"), "changed") == parts


def test_nothing_is_given_back_while_money_is_being_captured() -> None:
    story = [*OPEN, of(balance(), Payment.CaptureAsked)]
    with pytest.raises(Payment.InFlight):
        give_back(knowing(story), [D, balance()], usd(1), named("command"), "changed")


def test_only_open_pages_are_closed() -> None:
    closing = [of(balance(), Payment.VoidAsked, reason="cancelled")]
    assert close_payments(knowing(OPEN), [D, balance()], "cancelled") == closing
    assert close_payments(knowing(PAID), [D, balance()], "cancelled") == []
    assert close_payments(knowing([*confirmed("r"), *asked(LEFT, 1)]), [balance(1)], "gone") == [
        of(balance(1), Payment.VoidAsked, reason="gone")
    ]
