"""Waiting for a room: who is next is offered what comes free, once, for a limited time; nobody has two rooms for one wait."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.turnaway import Turnaway
from aggregates.waitlist import Waitlist
from commands.join_waitlist import MOST_WAITING, JoinWaitlist
from commands.leave_waitlist import LeaveWaitlist
from commands.offer_waitlist import OfferWaitlist
from commands.record_turnaway import RecordTurnaway
from ledger.command import Change
from ledger.ids import made_by, waitlist_stream
from ledger.refusal import IdReused
from ledger.stay_dates import StayDates
from tests.examples import (
    ARRIVAL,
    CODE,
    GUEST,
    NOW,
    OPENED,
    SEALED,
    confirmed,
    dates,
    held,
    minutes,
    named,
    nights_released,
    stay,
)
from tests.spec import given

LIST = waitlist_stream(CODE)
ENTRY = made_by(named("command"), "reservation")
TODAY = date(2126, 3, 1)
FOUR_HOURS = NOW + timedelta(hours=4)


def join(**changes: Any) -> JoinWaitlist:
    asked: dict[str, Any] = {
        "room_type": "villa", "rate_plan": "flexible", "arrival": ARRIVAL, "departure": ARRIVAL + timedelta(days=2),
        "guest": GUEST,
    }  # fmt: skip
    return JoinWaitlist(**(asked | changes))


def joined(name: str, waiting: int, room_type: str = "villa", nights: int = 2, arrival: date = ARRIVAL) -> Change:
    entry = Waitlist.Joined(
        entry_id=named(name), room_type=room_type, rate_plan="flexible", dates=dates(nights, arrival), adults=2, children=0,
        guest=SEALED, fiscal=None, language="en", joined_on=TODAY, waiting=waiting,
    )  # fmt: skip
    return Change(LIST, entry)


def offers(changes: Any) -> list[tuple[UUID, str]]:
    return [(each.event.entry_id, each.event.room) for each in changes if isinstance(each.event, Waitlist.Offered)]


def test_who_joins_waits_behind_the_others() -> None:
    verdict = given(*OPENED, joined("first", 1)).when(join())
    expected = joined("mine", 2).event
    assert isinstance(expected, Waitlist.Joined)
    got = verdict.decision.changes[0].event
    assert isinstance(got, Waitlist.Joined)
    assert (got.entry_id, got.waiting, got.guest, got.dates) == (ENTRY, 2, SEALED, expected.dates)
    verdict.answers(entry_id=str(ENTRY), before=1)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"departure": ARRIVAL}, StayDates.NotAfterArrival),
        ({"room_type": "tent"}, Property.RoomTypeUnknown),
        ({"adults": 4}, Property.TooManyGuests),
        ({"rate_plan": "gone"}, Rates.PlanUnknown),
    ],
)
def test_nobody_waits_for_what_there_is_not(changes: dict[str, Any], refusal: Any) -> None:
    given(*OPENED).when(join(**changes)).refuses(refusal)


def test_a_list_has_an_end_and_a_key_one_entry() -> None:
    many = [joined(str(number), number + 1) for number in range(MOST_WAITING)]
    given(*OPENED, *many).when(join()).refuses(Waitlist.Full)
    already = given(*OPENED).when(join()).decision.changes
    given(*OPENED, *already).when(join()).refuses(IdReused)


def test_a_free_room_is_held_for_whoever_came_first() -> None:
    story = given(*OPENED, joined("first", 1), joined("second", 2))
    verdict = story.when(OfferWaitlist())
    changes = verdict.decision.changes
    assert offers(changes) == [(named("first"), "v1")]
    made = [
        (change.stream, change.event.channel, change.event.held_until)
        for change in changes
        if isinstance(change.event, Reservation.Held)
    ]
    assert made == [(named("first"), "waitlist", FOUR_HOURS)]
    holds = [change.event for change in changes if isinstance(change.event, RoomNight.HoldRequested)]
    assert {(hold.room, hold.reservation_id, hold.held_until) for hold in holds} == {("v1", named("first"), FOUR_HOURS)}
    verdict.answers(offered=[str(named("first"))], waiting=1, more=False)


def test_who_finds_no_room_for_all_nights_keeps_their_place() -> None:
    other = held("other", stay("other", "g1"), stay("other", "g2"), held_until=minutes(60))
    booked = [*other, *confirmed("other", stay("other", "g1"), stay("other", "g2"))]
    long = joined("long", 1, "garden", nights=3, arrival=ARRIVAL - timedelta(days=1))
    third = [*held("third", stay("third", "g3", nights=1)), *confirmed("third", stay("third", "g3", nights=1))]
    late = joined("late", 2, "garden", nights=1, arrival=ARRIVAL + timedelta(days=1))
    verdict = given(*OPENED, *booked, *third, long, late).when(OfferWaitlist())
    assert offers(verdict.decision.changes) == [(named("late"), "g3")]
    verdict.answers(waiting=1)


def test_several_rooms_go_to_several_who_wait_and_none_twice() -> None:
    waiting = [joined(name, number, "garden") for number, name in enumerate(("a", "b", "c", "d"), 1)]
    verdict = given(*OPENED, *waiting).when(OfferWaitlist())
    assert offers(verdict.decision.changes) == [(named("a"), "g1"), (named("b"), "g2"), (named("c"), "g3")]


def test_an_offer_that_ran_out_goes_to_the_next_and_not_to_the_same() -> None:
    first = [joined("first", 1), joined("second", 2)]
    offered = given(*OPENED, *first).when(OfferWaitlist()).decision.changes
    story = given(*OPENED, *first, *offered)
    assert offers(story.when(OfferWaitlist(), at=FOUR_HOURS - timedelta(seconds=1)).decision.changes) == []
    assert offers(story.when(OfferWaitlist(), at=FOUR_HOURS).decision.changes) == [(named("second"), "v1")]


def test_a_room_that_was_given_back_is_offered() -> None:
    taken = held("guest", stay("guest", "v1"))
    story = given(*OPENED, *taken, joined("waits", 1))
    story.when(OfferWaitlist()).then()
    freed = given(*OPENED, *taken, *nights_released((stay("guest", "v1"),), "abandoned"), joined("waits", 1))
    assert offers(freed.when(OfferWaitlist()).decision.changes) == [(named("waits"), "v1")]


def test_who_waits_for_the_past_leaves() -> None:
    past = joined("past", 1, arrival=date(2126, 2, 27))
    left = Waitlist.Left(entry_id=named("past"), guest_id=SEALED.key_id, reason="past", waiting=0)
    given(*OPENED, past).when(OfferWaitlist()).then(Change(LIST, left))


def test_leaving_ends_the_wait_once() -> None:
    left = Change(LIST, Waitlist.Left(entry_id=named("a"), guest_id=SEALED.key_id, reason="withdrawn", waiting=0))
    given(*OPENED, joined("a", 1)).when(LeaveWaitlist(entry_id=named("a"))).then(left)
    given(*OPENED, joined("a", 1), left).when(LeaveWaitlist(entry_id=named("a"))).refuses(Waitlist.Unknown)


@pytest.mark.parametrize(("reason", "denied"), [("sold_out", True), ("price", False)])
def test_a_turnaway_has_a_reason_and_says_who_said_no(reason: Any, denied: bool) -> None:
    command = RecordTurnaway(reason=reason, room_type="garden", arrival=ARRIVAL, departure=ARRIVAL + timedelta(days=2), rooms=2)
    recorded = Turnaway.Recorded(
        reason=reason, denied=denied, room_type="garden", dates=dates(2), rooms=2, adults=2, children=0, asked_on=TODAY
    )
    stream = made_by(named("command"), "turnaway")
    given(*OPENED).when(command).then(Change(stream, recorded))
    given(*OPENED, Change(stream, recorded)).when(command).refuses(Turnaway.Noted)


def test_a_turnaway_names_a_type_that_there_is() -> None:
    wrong = RecordTurnaway(reason="other", room_type="tent", arrival=ARRIVAL, departure=ARRIVAL + timedelta(days=1))
    given(*OPENED).when(wrong).refuses(Property.RoomTypeUnknown)
