"""The measure is measured: given/when/then must fail when it should."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import pytest

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from commands.confirm_reservation import ConfirmReservation
from commands.expire_hold import ExpireHold
from commands.poke_payment import PokePayment
from ledger.command import Change, Decision, Envelope, Handler, Known, Unread
from tests.examples import confirmed, deposit_of, held, minutes, named, paying
from tests.spec import Folds, given

CONFIRM = ConfirmReservation(reservation_id=named("r"))


def test_then_takes_the_whole_list() -> None:
    given(*held("r")).when(CONFIRM).then(*confirmed("r"))


def test_then_fails_when_a_change_is_missing() -> None:
    with pytest.raises(AssertionError, match="more happened"):
        given(*held("r")).when(CONFIRM).then(*confirmed("r")[:-1])


def test_then_fails_when_a_change_is_too_many() -> None:
    with pytest.raises(AssertionError, match="less happened"):
        given(*held("r")).when(CONFIRM).then(*confirmed("r"), *confirmed("r"))


def test_then_fails_in_another_order() -> None:
    with pytest.raises(AssertionError, match="change 1 is"):
        given(*held("r")).when(CONFIRM).then(*reversed(confirmed("r")))


def test_then_fails_when_it_was_refused() -> None:
    with pytest.raises(AssertionError, match="refused"):
        given().when(CONFIRM).then()


def test_refuses_fails_when_nothing_was_refused() -> None:
    with pytest.raises(AssertionError, match="nothing was refused"):
        given(*held("r")).when(CONFIRM).refuses(Reservation.NotHeld)


def test_refuses_fails_for_another_refusal() -> None:
    with pytest.raises(AssertionError, match=r"not Reservation\.NotHeld"):
        given().when(CONFIRM).refuses(Reservation.NotHeld)


def test_refuses_fails_for_other_details() -> None:
    with pytest.raises(AssertionError, match="state is confirmed"):
        given(*held("r"), *confirmed("r")).when(CONFIRM).refuses(Reservation.NotHeld, state="held")


def test_answers_fails_for_another_answer() -> None:
    with pytest.raises(AssertionError, match="the answer says"):
        given(*held("r")).when(CONFIRM).answers(state="held")


def test_the_moment_is_the_one_told() -> None:
    given(*held("r")).when(ExpireHold(reservation_id=named("r")), at=minutes(14)).refuses(Reservation.StillHeld)
    given(*held("r")).when(ExpireHold(reservation_id=named("r")), at=minutes(15)).answers(state="expired")


def test_what_was_not_read_is_not_known() -> None:
    known = Folds(held("r"))
    with pytest.raises(Unread) as unread:
        known.require([named("r"), named("other")])
    assert unread.value.streams == (named("r"), named("other"))
    with pytest.raises(Unread):
        known.get(Reservation, named("r"))
    with pytest.raises(Unread):
        known.version(named("r"))
    known.read.add(named("r"))
    assert known.get(Reservation, named("r")).state == "held"
    assert known.version(named("r")) == 1


def _nothing(envelope: Envelope, known: Known) -> Iterable[UUID]:
    return ()


def _payment(envelope: Envelope, known: Known) -> Iterable[UUID]:
    return [deposit_of("r")]


def _peeks(envelope: Envelope, known: Known, now: datetime) -> Decision:
    known.get(Payment, deposit_of("r"))
    return Decision()


def _writes(envelope: Envelope, known: Known, now: datetime) -> Decision:
    return Decision(changes=[Change(deposit_of("r"), Payment.VoidAsked(reservation_id=named("r"), reason=""))])


def _guards(envelope: Envelope, known: Known, now: datetime) -> Decision:
    return Decision(guards=[deposit_of("r")])


@pytest.mark.parametrize("decide", [_peeks, _writes, _guards])
def test_deciding_on_what_reads_did_not_name_fails(decide: object) -> None:
    poke = PokePayment(payment_id=deposit_of("r"), source="", vendor_event_id="", kind="")
    story = given(*held("r"), *paying("r"))
    with pytest.raises(AssertionError, match="did not name"):
        story.when(poke, handler=Handler(_nothing, decide))  # type: ignore[arg-type]  # one of the three above
    story.when(poke, handler=Handler(_payment, decide))  # type: ignore[arg-type]  # one of the three above
