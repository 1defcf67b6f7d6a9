"""What a reservation knows after each event, and what may be asked of it in each of its states: as whole tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregates.reservation import Reservation
from ledger.event import Event
from ledger.money import NOTHING
from ledger.refusal import Refusal
from tests.examples import ARRIVAL, HELD_UNTIL, NOW, held_event, minutes, named, price, stay, usd

STAYS = (stay("r"), stay("r", "g2", rate_plan="saver"))
HELD = held_event("r", STAYS)
ASKED = Reservation.PaymentAsked(payment_id=named("p"), purpose="deposit", amount=HELD.pay_now)
CONFIRMED = Reservation.Confirmed(guarantee="card", payment_id=named("p"))
CANCELLED = Reservation.Cancelled(reason="guest", fee=usd(0), refund=usd(0))
EXPIRED = Reservation.Expired(lost_nights=1)
ABANDONED = Reservation.Abandoned(reason="guest")

STORIES: dict[str, tuple[Event, ...]] = {
    "none": (),
    "held": (HELD,),
    "confirmed": (HELD, CONFIRMED),
    "cancelled": (HELD, CONFIRMED, CANCELLED),
    "expired": (HELD, EXPIRED),
    "abandoned": (HELD, ABANDONED),
}
NEW = {"state": "none", "stays": (), "total": NOTHING, "pay_now": NOTHING, "held_until": None, "payments": (), "guest_id": None}
OF_NOBODY: dict[str, object] = {"person": None, "vendors_left": None, "live": {}, "happened": (), "kept_fee": NOTHING}
WHILE_HELD = {"stays": STAYS, "total": HELD.total, "pay_now": HELD.pay_now, "held_until": HELD_UNTIL}
PAID = HELD.pay_now


def reservation(*events: Event) -> Reservation:
    made = Reservation()
    for event in events:
        made.apply(event)
    return made


@pytest.mark.parametrize("state", STORIES)
def test_each_event_is_remembered(state: str) -> None:
    learned = {} if state == "none" else WHILE_HELD | {"state": state}
    known = reservation(*STORIES[state])
    if state in {"cancelled", "expired", "abandoned"}:
        learned["total"] = usd(0)
    assert {name: getattr(known, name) for name in NEW} == NEW | learned | {"guest_id": known.guest_id}


def test_a_new_reservation_knows_nothing() -> None:
    known = Reservation()
    assert {name: getattr(known, name) for name in NEW | OF_NOBODY} == NEW | OF_NOBODY


def test_payments_are_remembered_in_order() -> None:
    again = Reservation.PaymentAsked(payment_id=named("q"), purpose="deposit", amount=HELD.pay_now)
    assert reservation(HELD, ASKED, again).payments == (named("p"), named("q"))


QUESTIONS: dict[str, tuple[str, Callable[[Reservation], object], object]] = {
    "ask payment": ("held", lambda known: known.ask_payment(named("p"), NOW), ASKED),
    "confirm": ("held", lambda known: known.confirm("card", named("p")), CONFIRMED),
    "abandon": ("held", lambda known: known.abandon("guest"), ABANDONED),
    "expire": ("held", lambda known: known.expire(HELD_UNTIL, 0), Reservation.Expired(lost_nights=0)),
    "cancellation": ("confirmed", lambda known: known.cancellation(NOW, usd(0)), (usd(0), usd(0))),
}


@pytest.mark.parametrize("state", STORIES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_has_its_state(question: str, state: str) -> None:
    needed, ask, answer = QUESTIONS[question]
    known = reservation(*STORIES[state])
    if state == needed:
        assert ask(known) == answer
        return
    wrong = Reservation.NotHeld if needed == "held" else Reservation.NotConfirmed
    expected: type[Refusal] = Reservation.Unknown if state == "none" else wrong
    with pytest.raises(expected) as refused:
        ask(known)
    assert refused.value.details == ({} if state == "none" else {"state": state})


ARRIVED = tuple(Reservation.StayCheckedIn(stay_id=each.stay_id, room=each.room, early=False, fee=usd(0)) for each in STAYS)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((HELD, CONFIRMED, *ARRIVED), "is in house, it cannot be cancelled: check the guests out, or shorten the stay."),
        ((HELD,), "is held, it cannot be cancelled: look it up for what came of it."),
    ],
    ids=["in house", "held"],
)
def test_what_cannot_be_cancelled_says_what_to_do(events: tuple[Event, ...], said: str) -> None:
    with pytest.raises(Reservation.NotConfirmed) as refused:
        reservation(*events).must_be_confirmed()
    assert str(refused.value) == f"This reservation {said}"


@pytest.mark.parametrize(("minute", "live"), [(14.99, True), (15, False), (15.01, False)])
def test_a_hold_lives_up_to_its_time(minute: float, live: bool) -> None:
    known = reservation(HELD)
    assert known.is_live_hold(minutes(minute)) is live
    if live:
        assert known.ask_payment(named("p"), minutes(minute)) == ASKED
        with pytest.raises(Reservation.StillHeld):
            known.expire(minutes(minute), 0)
    else:
        with pytest.raises(Reservation.NotHeld) as refused:
            known.ask_payment(named("p"), minutes(minute))
        assert refused.value.details == {"state": "expired"}
        assert known.expire(minutes(minute), 0) == Reservation.Expired(lost_nights=0)


def test_only_a_hold_is_a_live_hold() -> None:
    assert [state for state in STORIES if reservation(*STORIES[state]).is_live_hold(NOW)] == ["held"]


def test_a_hold_that_lost_a_night_ends_at_once() -> None:
    assert reservation(HELD).expire(NOW, 1) == EXPIRED


NIGHT = price().total.amount_minor // 2
"""After the deadline of the flexible stay its fee is one night of two; the saver stay's is everything, always."""

FREE_UNTIL = price().policy.free_until
SAVER = price("saver").total.amount_minor


@pytest.mark.parametrize(
    ("paid", "fee", "refund"),
    [
        (0, 0, 0),
        (SAVER - 1, SAVER - 1, 0),
        (SAVER, SAVER, 0),
        (SAVER + 1, SAVER, 1),
        (SAVER + 500, SAVER, 500),
    ],
)
def test_the_fee_is_kept_out_of_what_was_paid(paid: int, fee: int, refund: int) -> None:
    assert reservation(HELD, CONFIRMED).cancellation(NOW, usd(paid)) == (usd(fee), usd(refund))


def test_after_the_deadline_each_stay_costs_by_its_own_policy() -> None:
    assert FREE_UNTIL is not None
    assert reservation(HELD, CONFIRMED).cancellation(FREE_UNTIL, usd(100_000))[0] == usd(SAVER + NIGHT)


@pytest.mark.parametrize(("shown", "accepted"), [(None, True), (SAVER - 1, False), (SAVER, True), (SAVER + 1, False)])
def test_the_fee_is_the_one_that_was_shown(shown: int | None, accepted: bool) -> None:
    known = reservation(HELD, CONFIRMED)
    expected = Reservation.Cancelled(reason="guest", fee=usd(SAVER), refund=usd(1))
    if accepted:
        assert known.cancel("guest", NOW, ARRIVAL, usd(SAVER + 1), shown) == expected
    else:
        with pytest.raises(Reservation.FeeChanged):
            known.cancel("guest", NOW, ARRIVAL, usd(SAVER + 1), shown)


@pytest.mark.parametrize(("day", "begun"), [(-1, False), (0, False), (1, True)])
def test_a_stay_that_has_begun_is_not_cancelled(day: int, begun: bool) -> None:
    known, today = reservation(HELD, CONFIRMED), ARRIVAL.replace(day=ARRIVAL.day + day)
    if begun:
        with pytest.raises(Reservation.Begun):
            known.cancel("guest", NOW, today, PAID, None)
    else:
        assert known.cancel("guest", NOW, today, PAID, None).reason == "guest"


# —— Its stays ————————————————————————————————————————————————————————————————————————————————————————————————————————

FIRST, SECOND = STAYS
EARLY = Reservation.StayCheckedIn(stay_id=FIRST.stay_id, room="g1", early=True, fee=usd(500))
LATE = Reservation.StayCheckedOut(stay_id=FIRST.stay_id, departed_on=ARRIVAL, late=True, fee=usd(250))
ABSENT = Reservation.StayNoShow(stay_id=SECOND.stay_id, fee=usd(SAVER), refund=usd(0))
ONE_GONE = Reservation.StayCancelled(stay_id=FIRST.stay_id, reason="illness", fee=usd(100), refund=usd(0))
FLEXIBLE = price().total.amount_minor


@pytest.mark.parametrize(
    ("events", "state", "total", "owed"),
    [
        ((HELD,), "held", FLEXIBLE + SAVER, FLEXIBLE + SAVER),
        ((HELD, CONFIRMED, EARLY), "in_house", FLEXIBLE + SAVER, FLEXIBLE + SAVER + 500),
        ((HELD, CONFIRMED, EARLY, LATE), "confirmed", FLEXIBLE + SAVER, FLEXIBLE + SAVER + 750),
        ((HELD, CONFIRMED, EARLY, LATE, ABSENT), "checked_out", FLEXIBLE, FLEXIBLE + SAVER + 750),
        ((HELD, CONFIRMED, ONE_GONE), "confirmed", SAVER, SAVER + 100),
        ((HELD, CONFIRMED, ONE_GONE, ABSENT), "no_show", 0, SAVER + 100),
        ((HELD, CONFIRMED, ONE_GONE, CANCELLED), "cancelled", 0, 100),
        ((HELD, EXPIRED), "expired", 0, 0),
    ],
)
def test_state_and_money_follow_from_the_stays(events: tuple[Event, ...], state: str, total: int, owed: int) -> None:
    known = reservation(*events)
    assert (known.state, known.total, known.owed) == (state, usd(total), usd(owed))


def test_a_fee_that_is_kept_already_is_not_kept_twice() -> None:
    """One in house and one cancelled for a fee of 100: whoever is in house gives up after the deadline."""
    assert FREE_UNTIL is not None
    cancelled = Reservation.Cancelled(reason="guest", fee=usd(100), refund=usd(0))
    known = reservation(HELD, CONFIRMED, EARLY, cancelled)
    in_house = [known.stay(FIRST.stay_id)]
    assert known.giving_up(in_house, FREE_UNTIL, usd(NIGHT)) == (usd(NIGHT - 100), usd(0))
    assert known.giving_up(in_house, FREE_UNTIL, usd(NIGHT + 700)) == (
        usd(NIGHT),
        usd(100),
    )  # coming early cost 500


def test_a_stay_is_told_of_by_its_own_events_only() -> None:
    pinned = Reservation.StayPinned(stay_id=SECOND.stay_id, reason="promised")
    known = reservation(HELD, CONFIRMED, pinned, EARLY)
    assert [(stay.state, stay.pin) for stay in known.live.values()] == [("checked_in", ""), ("confirmed", "promised")]
    assert known.stay(FIRST.stay_id).state == "checked_in"
    with pytest.raises(Reservation.StayUnknown):
        known.stay(named("nobody"))
    with pytest.raises(Reservation.Unknown):
        reservation().stay(FIRST.stay_id)


@pytest.mark.parametrize(("expected", "since"), [(None, None), (3, None), (2, [ASKED.topic]), (0, 3), (4, []), (-1, 3)])
def test_who_looked_before_is_told_what_happened_since(expected: int | None, since: object) -> None:
    known = reservation(HELD, CONFIRMED, ASKED)
    if since is None:
        known.must_be_at(expected)
        return
    with pytest.raises(Reservation.ChangedSince) as refused:
        known.must_be_at(expected)
    changed = refused.value.details["changed"]
    assert refused.value.details["version"] == 3
    assert changed == since or len(changed) == since
