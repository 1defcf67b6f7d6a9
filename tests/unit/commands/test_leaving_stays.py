"""Cancel one stay, check out, not come: which nights are free again, what is owed, and what goes back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.cancel_reservation import CancelReservation
from commands.cancel_stay import CancelStay
from commands.check_out import CheckOut
from commands.desk import NotInState
from commands.mark_no_show import MarkNoShow
from ledger.command import Change
from ledger.ids import made_by
from ledger.price import part_of
from ledger.refusal import Refusal
from ledger.stay import BookedStay
from tests.examples import (
    NOW,
    OPENED,
    confirmed,
    dates,
    deposit_of,
    held,
    named,
    nights_cancelled,
    paying,
    price,
    stay,
    usd,
)  # fmt: skip
from tests.spec import given
from tests.unit.commands.stay_stories import (
    ARRIVAL_DAY,
    BOOKED,
    HELD,
    ID,
    STAY,
    R,
    cancelled,
    checked_in,
    checked_out,
    day,
    on_day,
    paid,
    released,
    told,
)

TWO = STAY, stay("r", "g2")
NIGHT, WHOLE = 16_121, 32_242
LATE = NOW + timedelta(days=7)
"""Cancelling the flexible rate is not free any more."""


def refund(amount: int, reason: str) -> Change:
    deposit = deposit_of("r")
    refund_id = made_by(named("command"), f"refund/{deposit}")
    return Change(deposit, Payment.RefundAsked(reservation_id=R, refund_id=refund_id, amount=usd(amount), reason=reason))


def stay_cancelled(fee: int, back: int) -> Change:
    return told(Reservation.StayCancelled(stay_id=ID, reason="illness", fee=usd(fee), refund=usd(back)))


# —— Cancel one stay —————————————————————————————————————————————————————————————————————————————————————————————————


def cancel(**wish: Any) -> CancelStay:
    asked: dict[str, Any] = {"reservation_id": R, "stay_id": ID, "reason": "illness"}
    return CancelStay(**(asked | wish))


def test_one_stay_goes_and_the_other_keeps_what_was_paid() -> None:
    deposit = price().pay_now + price().pay_now
    given(*paid(deposit, *TWO)).when(cancel()).then(stay_cancelled(0, 0), *nights_cancelled((STAY,))).answers(state="cancelled")


def test_what_is_more_than_all_that_is_owed_goes_back() -> None:
    full = price().total + price().total
    given(*paid(full, *TWO)).when(cancel()).then(
        stay_cancelled(0, WHOLE), *nights_cancelled((STAY,)), refund(WHOLE, "cancelled")
    )
    given(*paid(full, *TWO)).when(cancel(), at=LATE).then(
        stay_cancelled(NIGHT, NIGHT), *nights_cancelled((STAY,)), refund(NIGHT, "cancelled")
    )


def test_a_fee_is_kept_out_of_what_was_paid_and_never_twice() -> None:
    first = [stay_cancelled(NIGHT, 0), *nights_cancelled((STAY,))]
    story = [*paid(usd(NIGHT + 100), *TWO), *first]
    second = CancelStay(reservation_id=R, stay_id=TWO[1].stay_id)
    given(*story).when(second, at=LATE).answers(
        fee={"amount_minor": 100, "currency": "USD"}, refund={"amount_minor": 0, "currency": "USD"}
    )


def test_after_one_stay_the_whole_rest_can_be_cancelled() -> None:
    story = [*paid(price().total + price().total, *TWO), stay_cancelled(0, WHOLE), *nights_cancelled((STAY,))]
    taken = Payment.RefundAsked(reservation_id=R, refund_id=named("x"), amount=usd(WHOLE), reason="cancelled")
    given(*story, Change(deposit_of("r"), taken)).when(CancelReservation(reservation_id=R)).then(
        told(Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(WHOLE))),
        *nights_cancelled(TWO[1:]),
        refund(WHOLE, "cancelled"),
    )


def test_a_stay_can_be_cancelled_up_to_its_day_of_arrival() -> None:
    given(*BOOKED).when(cancel(), at=ARRIVAL_DAY).answers(state="cancelled")


CAPTURING = [
    *HELD, *paying("r"), Change(deposit_of("r"), Payment.CaptureAsked(reservation_id=R)), *confirmed("r")
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "wish", "at", "refusal"),
    [
        (OPENED, {}, NOW, Reservation.Unknown),
        (BOOKED, {"expected_version": 1}, NOW, Reservation.ChangedSince),
        (BOOKED, {"stay_id": named("x")}, NOW, Reservation.StayUnknown),
        (HELD, {}, NOW, NotInState),
        ([*BOOKED, checked_in()], {}, ARRIVAL_DAY, NotInState),
        ([*BOOKED, *cancelled()], {}, NOW, NotInState),
        (BOOKED, {}, on_day(1), Reservation.Begun),
        (CAPTURING, {}, NOW, Payment.InFlight),
        (BOOKED, {"expected_fee_minor": 1}, NOW, Reservation.FeeChanged),
    ],
)
def test_what_is_not_cancelled(story: list[Change], wish: dict[str, Any], at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(cancel(**wish), at=at).refuses(refusal)


# —— Check out ———————————————————————————————————————————————————————————————————————————————————————————————————————


def check_out(**wish: Any) -> CheckOut:
    return CheckOut(reservation_id=R, stay_id=ID, **wish)


def left(departed_on: date, *, late: bool = False, fee: int = 0) -> Change:
    return told(Reservation.StayCheckedOut(stay_id=ID, departed_on=departed_on, late=late, fee=usd(fee)))


def shortened(of: BookedStay, nights: int) -> Change:
    price_left = part_of(of.price, set(dates(nights)))
    after = replace(of, dates=dates(nights), price=price_left)
    event = Reservation.StayChanged(stay_id=ID, stay=after, difference=price_left.total - of.price.total, reason="shortened")
    return told(event)


@pytest.mark.parametrize(
    ("at", "late"), [(on_day(2, -151), False), (on_day(2, -150), False), (on_day(2, -149), True), (on_day(3, -200), True)]
)
def test_guests_leave_and_may_be_late(at: datetime, late: bool) -> None:
    departed = day(2) if at < on_day(2, 600) else day(3)
    given(*BOOKED, checked_in()).when(check_out(), at=at).then(left(departed, late=late)).answers(
        state="checked_out", late=late
    )


def test_a_late_departure_costs_what_the_reception_says() -> None:
    given(*BOOKED, checked_in()).when(check_out(fee_minor=4000), at=on_day(2)).then(left(day(2), late=True, fee=4000))


LONG = stay("r", nights=4)
HOUSE = [*OPENED, *held("r", LONG), *confirmed("r", LONG), checked_in(LONG)]


@pytest.mark.parametrize(
    ("number", "kept"), [(0, 1), (1, 1), (2, 2), (3, 3)]
)  # fmt: skip
def test_who_leaves_early_gives_the_other_nights_back_and_pays_the_policys_fee(number: int, kept: int) -> None:
    given(*HOUSE).when(check_out(), at=on_day(number)).then(
        shortened(LONG, kept), left(day(number), fee=NIGHT),
        *released("early_departure", *(day(each) for each in range(kept, 4))),
    )  # fmt: skip


def test_the_reception_may_let_them_go_for_nothing_and_what_was_paid_goes_back() -> None:
    story = [*paid(LONG.price.total, LONG), checked_in(LONG)]
    given(*story).when(check_out(fee_minor=0), at=on_day(3)).then(
        shortened(LONG, 3), left(day(3)), *released("early_departure", day(3)), refund(NIGHT, "early departure")
    )


def test_nights_of_a_rate_that_is_not_refundable_are_owed_in_full() -> None:
    saver = stay("r", nights=3, rate_plan="saver")
    story = [*paid(saver.price.total, saver), checked_in(saver)]
    changes = given(*story).when(check_out(), at=on_day(1)).decision.changes
    assert not [each for each in changes if isinstance(each.event, Payment.RefundAsked)]
    one = part_of(saver.price, set(dates(1))).total
    given(*story).when(check_out(), at=on_day(1)).answers(
        fee={"amount_minor": (saver.price.total - one).amount_minor, "currency": "USD"}
    )


@pytest.mark.parametrize(
    ("story", "wish", "at", "refusal"),
    [
        (OPENED, {}, NOW, Reservation.Unknown),
        (BOOKED, {"expected_version": 1}, ARRIVAL_DAY, Reservation.ChangedSince),
        (HELD, {}, ARRIVAL_DAY, NotInState),
        (BOOKED, {}, on_day(2), NotInState),
        ([*BOOKED, *checked_out()], {}, on_day(2), NotInState),
        ([*BOOKED, *cancelled()], {}, on_day(2), NotInState),
    ],
)
def test_who_is_not_checked_out(story: list[Change], wish: dict[str, Any], at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(check_out(**wish), at=at).refuses(refusal)


# —— Not come ————————————————————————————————————————————————————————————————————————————————————————————————————————

ABSENT = MarkNoShow(reservation_id=R, stay_id=ID)


def no_show(fee: int, back: int = 0) -> Change:
    return told(Reservation.StayNoShow(stay_id=ID, fee=usd(fee), refund=usd(back)))


@pytest.mark.parametrize(("plan", "fee"), [("flexible", NIGHT), ("saver", price("saver").total.amount_minor)])
def test_who_does_not_come_owes_the_policys_fee_and_frees_all_nights(plan: str, fee: int) -> None:
    booked = stay("r", rate_plan=plan)
    given(*OPENED, *held("r", booked), *confirmed("r", booked)).when(ABSENT, at=on_day(1)).then(
        no_show(fee), *released("no_show", day(0), day(1))
    ).answers(state="no_show")


def test_what_was_paid_above_the_fee_goes_back() -> None:
    given(*paid(price().total)).when(ABSENT, at=on_day(1)).then(
        no_show(NIGHT, NIGHT), *released("no_show", day(0), day(1)), refund(NIGHT, "no-show")
    )


@pytest.mark.parametrize(
    ("story", "command", "at", "refusal"),
    [
        (OPENED, ABSENT, on_day(1), Reservation.Unknown),
        (BOOKED, ABSENT.model_copy(update={"expected_version": 1}), on_day(1), Reservation.ChangedSince),
        (HELD, ABSENT, on_day(1), NotInState),
        ([*BOOKED, checked_in()], ABSENT, on_day(1), NotInState),
        (BOOKED, ABSENT, on_day(-1), MarkNoShow.TooEarly),
        (CAPTURING, ABSENT, on_day(1), Payment.InFlight),
    ],
)
def test_who_is_not_absent(story: list[Change], command: MarkNoShow, at: datetime, refusal: type[Refusal]) -> None:
    given(*story).when(command, at=at).refuses(refusal)


MIDNIGHT = 10 * 60 + 30
"""Minutes from half past one in the afternoon to the end of the day."""


@pytest.mark.parametrize(
    ("minutes", "business_day", "is_late"),
    [
        (0, None, False), (MIDNIGHT - 1, None, False), (MIDNIGHT, None, True), (MIDNIGHT - 1, 0, False), (MIDNIGHT, 0, True),
        (MIDNIGHT - 1, 1, True), (24 * 60, -1, True),
    ],
)  # fmt: skip
def test_guests_may_come_until_the_day_of_arrival_is_over(minutes: int, business_day: int | None, *, is_late: bool) -> None:
    business_date = None if business_day is None else day(business_day)
    verdict = given(*BOOKED).when(ABSENT, at=on_day(0, minutes), business_date=business_date)
    if is_late:
        verdict.answers(state="no_show")
    else:
        told = {"arrival": day(0).isoformat(), "possible_from": day(1).isoformat()}
        verdict.refuses(MarkNoShow.TooEarly, **told)


def test_on_the_day_of_arrival_the_stay_can_be_cancelled_instead() -> None:
    given(*BOOKED).when(CancelStay(reservation_id=R, stay_id=ID), at=ARRIVAL_DAY).answers(state="cancelled")
