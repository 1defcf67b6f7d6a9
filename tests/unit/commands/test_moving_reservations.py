"""Confirm, cancel, give back and expire: all nights together, and payments with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.expire_hold import ExpireHold
from ledger.command import Change, Command
from ledger.ids import made_by
from ledger.refusal import Refusal
from tests.examples import (
    DEPOSIT,
    HELD_UNTIL,
    NOW,
    OPENED,
    confirmed,
    deposit_of,
    held,
    minutes,
    named,
    nights_cancelled,
    nights_released,
    paying,
    stay,
    usd,
)  # fmt: skip
from tests.spec import given

R = named("r")
PAYMENT = deposit_of("r")
FREE_UNTIL = datetime.fromisoformat("2126-03-07T08:30:00+00:00")
ARRIVAL_DAY_ENDS = datetime.fromisoformat("2126-03-10T18:30:00+00:00")
CONFIRM, EXPIRE, CANCEL = (
    ConfirmReservation(reservation_id=R),
    ExpireHold(reservation_id=R),
    CancelReservation(reservation_id=R),
)
ENDED: dict[str, list[Change]] = {
    "confirmed": confirmed("r"),
    "cancelled": [
        *confirmed("r"),
        Change(R, Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))),
        *nights_cancelled((stay("r"),)),
    ],
    "expired": [Change(R, Reservation.Expired(lost_nights=0)), *nights_released((stay("r"),), "expired")],
    "abandoned": [Change(R, Reservation.Abandoned(reason="other")), *nights_released((stay("r"),), "abandoned")],
}
TWO = stay("r", "g1"), stay("r", "g2")


def void(reason: str) -> Change:
    return Change(PAYMENT, Payment.VoidAsked(reservation_id=R, reason=reason))


def rival_took_the_first_night() -> list[Change]:
    """Somebody takes one night of the hold after its time was over."""
    release = nights_released((stay("r", nights=1),), "expired")
    return [*release, *held("rival", stay("rival", nights=1), held_until=minutes(60))]


# —— Confirm ——————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_staff_confirm_every_night_of_every_stay() -> None:
    given(*held("r", *TWO)).when(CONFIRM).then(*confirmed("r", *TWO)).answers(reservation_id=str(R), state="confirmed")


def test_staff_confirm_late_while_nobody_took_a_night() -> None:
    given(*held("r")).when(CONFIRM, at=minutes(10**4)).then(*confirmed("r"))


def test_confirming_closes_an_open_payment_page() -> None:
    given(*held("r"), *paying("r")).when(CONFIRM).then(*confirmed("r"), void("confirmed without it"))


def test_nothing_is_confirmed_when_one_night_is_lost() -> None:
    given(*held("r"), *rival_took_the_first_night()).when(CONFIRM, at=minutes(16)).refuses(RoomNight.NotHeld)


# —— Expire ———————————————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=9)])
def test_a_hold_whose_time_is_over_expires(late: timedelta) -> None:
    given(*held("r", *TWO)).when(EXPIRE, at=HELD_UNTIL + late).then(
        Change(R, Reservation.Expired(lost_nights=0)), *nights_released(TWO, "expired")
    )


def test_a_hold_with_time_left_stays() -> None:
    given(*held("r")).when(EXPIRE, at=HELD_UNTIL - timedelta(microseconds=1)).refuses(Reservation.StillHeld)


def test_expiring_voids_the_payment_in_the_same_commit() -> None:
    given(*held("r"), *paying("r")).when(EXPIRE, at=HELD_UNTIL).then(
        Change(R, Reservation.Expired(lost_nights=0)), *nights_released((stay("r"),), "expired"), void("the hold expired")
    )


def test_a_lost_night_is_counted_and_left_to_its_taker() -> None:
    second_night = nights_released((stay("r"),), "expired")[1:]
    given(*held("r"), *rival_took_the_first_night()).when(EXPIRE, at=minutes(16)).then(
        Change(R, Reservation.Expired(lost_nights=1)), *second_night
    )


# —— Cancel ———————————————————————————————————————————————————————————————————————————————————————————————————————————


def paid(name: str = "r") -> list[Change]:
    deposit = deposit_of(name)
    fields: dict[str, Any] = {"reservation_id": named(name)}
    return [
        *held(name),
        *paying(name),
        Change(deposit, Payment.Authorised(**fields, intent_id="pi_1", amount=DEPOSIT)),
        Change(deposit, Payment.CaptureAsked(**fields)),
        *confirmed(name, guarantee="card"),
        Change(deposit, Payment.Captured(**fields, intent_id="pi_1", charge_id="ch_1", amount=DEPOSIT)),
    ]


def cancelled(fee: int, refund: int) -> list[Change]:
    return [
        Change(R, Reservation.Cancelled(reason="illness", fee=usd(fee), refund=usd(refund))),
        *nights_cancelled((stay("r"),)),
    ]


def refund_asked(amount: int, payment: UUID = PAYMENT) -> Change:
    refund_id = made_by(named("command"), f"refund/{payment}")
    return Change(
        payment, Payment.RefundAsked(reservation_id=R, refund_id=refund_id, amount=usd(amount), reason="cancelled")
    )  # fmt: skip


ILL = CancelReservation(reservation_id=R, reason="illness")


def test_in_time_everything_goes_back() -> None:
    before = FREE_UNTIL - timedelta(microseconds=1)
    given(*OPENED, *paid()).when(ILL, at=before).then(*cancelled(0, 9_673), refund_asked(9_673)).answers(
        state="cancelled", fee={"amount_minor": 0, "currency": "USD"}, refund={"amount_minor": 9_673, "currency": "USD"}
    )


def test_late_the_fee_is_kept_out_of_what_was_paid() -> None:
    """One night is 161.21, more than the deposit: the deposit stays, and nobody is charged the rest."""
    given(*OPENED, *paid()).when(ILL, at=FREE_UNTIL).then(*cancelled(9_673, 0))


def test_what_goes_back_goes_back_once_over_all_payments() -> None:
    """Paid twice 96.73, the fee is one night of 161.21: 32.25 go back, through the newest payment alone."""
    second = deposit_of("r", 2)
    fields: dict[str, Any] = {"reservation_id": R, "intent_id": "pi_2", "charge_id": "ch_2", "amount": DEPOSIT}
    twice = [*paid(), *paying("r", 2), Change(second, Payment.Captured(**fields))]
    given(*OPENED, *twice).when(ILL, at=FREE_UNTIL).then(*cancelled(16_121, 3_225), refund_asked(3_225, second))


def test_an_unpaid_booking_is_cancelled_without_money() -> None:
    given(*OPENED, *held("r"), *confirmed("r")).when(ILL).then(*cancelled(0, 0))


@pytest.mark.parametrize(
    ("at", "shown", "refused"),
    [(NOW, 0, False), (NOW, 9_673, True), (FREE_UNTIL, 0, True), (FREE_UNTIL, 9_673, False), (FREE_UNTIL, None, False)],
)
def test_only_the_fee_that_was_shown_is_agreed_to(at: datetime, shown: int | None, *, refused: bool) -> None:
    verdict = given(*OPENED, *paid()).when(CancelReservation(reservation_id=R, expected_fee_minor=shown), at=at)
    if refused:
        verdict.refuses(Reservation.FeeChanged)
    else:
        verdict.answers(state="cancelled")


@pytest.mark.parametrize(("at", "begun"), [(ARRIVAL_DAY_ENDS - timedelta(seconds=1), False), (ARRIVAL_DAY_ENDS, True)])
def test_a_stay_can_be_cancelled_up_to_the_end_of_its_arrival_day_at_the_hotel(at: datetime, *, begun: bool) -> None:
    verdict = given(*OPENED, *paid()).when(ILL, at=at)
    if begun:
        verdict.refuses(Reservation.Begun)
    else:
        verdict.answers(state="cancelled")


def test_money_on_its_way_must_arrive_first() -> None:
    on_its_way = paid()[:-1]
    given(*OPENED, *on_its_way).when(ILL).refuses(Payment.InFlight)


def test_held_rooms_are_given_back_and_the_page_is_closed() -> None:
    given(*OPENED, *held("r", *TWO), *paying("r")).when(ILL).then(
        Change(R, Reservation.Abandoned(reason="illness")),
        *nights_released(TWO, "abandoned"),
        void("the guest gave the rooms back"),
    ).answers(state="abandoned")


def test_giving_back_late_leaves_the_taken_night_alone() -> None:
    given(*OPENED, *held("r"), *rival_took_the_first_night()).when(ILL, at=minutes(16)).then(
        Change(R, Reservation.Abandoned(reason="illness")), *nights_released((stay("r"),), "abandoned")[1:]
    )


# —— In no other state ————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize("command", [CONFIRM, EXPIRE, CANCEL])
def test_an_unknown_reservation_is_refused(command: Command) -> None:
    given(*OPENED).when(command).refuses(Reservation.Unknown)


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("command", [CONFIRM, EXPIRE])
def test_only_held_rooms_are_confirmed_or_expire(command: Command, state: str) -> None:
    given(*OPENED, *held("r"), *ENDED[state]).when(command, at=minutes(60)).refuses(Reservation.NotHeld, state=state)


@pytest.mark.parametrize(("state", "refusal"), [(state, Reservation.NotConfirmed) for state in ENDED if state != "confirmed"])
def test_only_live_bookings_are_cancelled(state: str, refusal: type[Refusal]) -> None:
    given(*OPENED, *held("r"), *ENDED[state]).when(CANCEL).refuses(refusal, state=state)


def test_the_hotel_must_be_open_to_cancel_by_its_date() -> None:
    given(*paid()).when(ILL).refuses(Property.Unopened)
