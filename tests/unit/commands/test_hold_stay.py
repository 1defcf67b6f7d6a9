"""Holding rooms: what is written, which rooms are chosen, and the fixed order of refusals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from aggregates.holder import MOST_ROOM_NIGHTS, Holder
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.confirmation_code import confirmation_code
from commands.hold_stay import HoldAdvice, HoldStay, guest_stream
from ledger.command import Change
from ledger.ids import holder_stream, made_by, property_stream, rates_stream
from ledger.refusal import Refusal
from ledger.stay import BookedStay
from ledger.stay_dates import StayDates
from tests.examples import (
    ARRIVAL,
    CODE,
    HELD_UNTIL,
    HOLD_SECONDS,
    OPENED,
    confirmed,
    each_night,
    held,
    held_event,
    hold_stay,
    minutes,
    named,
    stay,
)  # fmt: skip
from tests.spec import Verdict, given

MY_ID = named("command")
MINE = guest_stream(MY_ID)
NIMALI = holder_stream(CODE, "nimali")


def advice(*rooms: str, holders: tuple[Any, ...] = ()) -> HoldAdvice:
    return HoldAdvice(rooms, HOLD_SECONDS, holders, "direct")


def rooms_of(verdict: Verdict) -> list[str]:
    held_event = verdict.decision.changes[0].event
    assert isinstance(held_event, Reservation.Held)
    return [each.room for each in held_event.stays]


def mine(number: int, room: str) -> BookedStay:
    """Give the nth stay, with the id that the command makes."""
    return replace(stay("mine", room), stay_id=made_by(MY_ID, f"stay/{number}"))


def held_by_me(*stays: BookedStay, holders: tuple[UUID, ...] = ()) -> list[Change]:
    event = replace(
        held_event("mine", stays), confirmation_code=confirmation_code(CODE, MINE), holders=holders
    )  # fmt: skip
    return [Change(MINE, event)]


def nights_of(*stays: BookedStay) -> list[Change]:
    return [
        Change(stream, RoomNight.HoldRequested(**night, reservation_id=MINE, held_until=HELD_UNTIL))
        for stream, night in each_night(stays)
    ]


def test_one_room_is_held_for_every_night() -> None:
    verdict = given(*OPENED).when(hold_stay())
    verdict.then(*held_by_me(mine(1, "g1")), *nights_of(mine(1, "g1")))
    assert set(verdict.decision.guards) == {property_stream(CODE), rates_stream(CODE)}


def test_several_rooms_are_held_together() -> None:
    stays = mine(1, "g1"), mine(2, "g2")
    given(*OPENED).when(hold_stay(rooms=2)).then(*held_by_me(*stays), *nights_of(*stays))


def test_the_answer_tells_what_the_guest_needs_and_nothing_personal() -> None:
    verdict = given(*OPENED).when(hold_stay())
    verdict.answers(
        reservation_id=str(MINE), state="held", held_until=HELD_UNTIL.isoformat(),
        total={"amount_minor": 32_242, "currency": "USD"}, pay_now={"amount_minor": 9_673, "currency": "USD"},
        confirmation_code=confirmation_code(CODE, MINE),
    )  # fmt: skip
    assert "Nimali" not in str(verdict.decision.answer)
    assert "example.com" not in str(verdict.decision.answer)


def test_a_suggested_room_comes_first() -> None:
    assert rooms_of(given(*OPENED).when(hold_stay(), advice=advice("g3"))) == ["g3"]
    assert rooms_of(given(*OPENED).when(hold_stay(rooms=2), advice=advice("g3", "g2"))) == ["g3", "g2"]


@pytest.mark.parametrize("wrong", [("g1",), ("v1",), ("no-such-room",), ("g1", "v1"), ("g2", "g2")])
def test_a_wrong_suggestion_does_no_harm(wrong: tuple[str, ...]) -> None:
    taken = held("other", stay("other", "g1"))
    verdict = given(*OPENED, *taken).when(hold_stay(rooms=2), advice=advice(*wrong))
    assert sorted(rooms_of(verdict)) == ["g2", "g3"]


def test_a_room_that_is_taken_on_any_night_is_passed_over() -> None:
    before = held("before", stay("before", "g1", 1, arrival=ARRIVAL - timedelta(days=1)))
    inside = held("inside", stay("inside", "g2", 1, arrival=ARRIVAL + timedelta(days=1)))
    after = held("after", stay("after", "g1", 1, arrival=ARRIVAL + timedelta(days=2)))
    assert rooms_of(given(*OPENED, *before, *inside, *after).when(hold_stay(rooms=2))) == ["g1", "g3"]


def everything_but(*free: str) -> list[Change]:
    return [
        change
        for room in ("g1", "g2", "g3")
        if room not in free
        for change in [*held(room, stay(room, room)), *confirmed(room, stay(room, room))]
    ]


@pytest.mark.parametrize(("free", "rooms"), [((), 1), (("g2",), 2), (("g1", "g3"), 3)])
def test_sold_out_says_how_many_are_left(free: tuple[str, ...], rooms: int) -> None:
    given(*OPENED, *everything_but(*free)).when(hold_stay(rooms=rooms)).refuses(HoldStay.SoldOut, rooms_left=len(free))


def test_the_last_room_is_sold() -> None:
    assert rooms_of(given(*OPENED, *everything_but("g3")).when(hold_stay(), advice=advice("g1"))) == ["g3"]


def test_another_type_is_not_given_instead() -> None:
    given(*OPENED, *held("villa", stay("villa", "v1"))).when(hold_stay(room_type="villa", adults=3)).refuses(HoldStay.SoldOut)


@pytest.mark.parametrize(("at", "free"), [(minutes(14.99), False), (minutes(15), True), (minutes(16), True)])
def test_an_expired_hold_is_taken_over_and_said_to_have_ended(at: datetime, *, free: bool) -> None:
    """Law 2."""
    story = given(*OPENED, *everything_but("g1"), *held("late", stay("late", "g1")))
    if not free:
        story.when(hold_stay(), at=at).refuses(HoldStay.SoldOut, rooms_left=0)
        return
    verdict = story.when(hold_stay(), at=at)
    nights = [change.event for change in verdict.decision.changes[1:]]
    assert [type(event) for event in nights] == [RoomNight.HoldReleased, RoomNight.HoldRequested] * 2
    released = [event for event in nights if isinstance(event, RoomNight.HoldReleased)]
    assert [(event.stay_id, event.reason) for event in released] == [(named("late/g1"), "expired")] * 2


# —— Refusals, in their fixed order ———————————————————————————————————————————————————————————————————————————————————

FULL = everything_but()
MANY_HOLDS = [
    *held("first", stay("first", "v1")),
    Change(NIMALI, Holder.HoldCounted(reservation_id=named("first"), held_until=HELD_UNTIL)),
]
BAD: list[tuple[dict[str, Any], type[Refusal]]] = [
    ({"arrival": ARRIVAL, "departure": ARRIVAL}, StayDates.NotAfterArrival),
    ({"arrival": date(2126, 2, 28), "departure": date(2127, 3, 1)}, StayDates.TooLong),
    ({"arrival": date(2126, 2, 28), "departure": date(2126, 3, 1)}, StayDates.Past),
    ({"room_type": "cave"}, Property.RoomTypeUnknown),
    ({"adults": 3}, Property.TooManyGuests),
    ({"rate_plan": "nonsense"}, Rates.PlanUnknown),
    ({"rate_plan": "saver", "departure": ARRIVAL + timedelta(days=1)}, Rates.TooShort),
    ({"quoted_total": {"amount_minor": 32_241, "currency": "USD"}}, HoldStay.PriceChanged),
    ({}, Holder.TooManyHolds),
    ({}, HoldStay.SoldOut),
]


@pytest.mark.parametrize("first", range(len(BAD)))
def test_refusals_come_in_a_fixed_order(first: int) -> None:
    """Whatever is wrong further down the list too: the first of the list is told."""
    changes, refusal = BAD[first]
    worse: dict[str, Any] = {}
    for later, _ in BAD[first:]:
        worse = later | worse
    story = given(*OPENED, *FULL, *MANY_HOLDS)
    holders = () if refusal is HoldStay.SoldOut else ((NIMALI, 1),)
    story.when(hold_stay(**(worse | changes)), advice=advice(holders=holders)).refuses(refusal)


def test_nothing_is_sold_before_the_opening() -> None:
    given().when(hold_stay(arrival=date(2020, 1, 1))).refuses(Property.Unopened)
    given(OPENED[0]).when(hold_stay()).refuses(Rates.Unpriced)


@pytest.mark.parametrize(
    ("shown", "refused"),
    [((32_242, "USD"), False), ((32_243, "USD"), True), ((32_241, "USD"), True), ((32_242, "EUR"), True)],
)
def test_only_the_price_that_was_shown_is_agreed_to(shown: tuple[int, str], *, refused: bool) -> None:
    total = {"amount_minor": shown[0], "currency": shown[1]}
    verdict = given(*OPENED).when(hold_stay(quoted_total=total))
    if refused:
        now = {"amount_minor": 32_242, "currency": "USD"}
        verdict.refuses(HoldStay.PriceChanged, shown=total, now=now)
    else:
        verdict.answers(state="held")


def test_the_price_shown_is_that_of_all_rooms() -> None:
    given(*OPENED).when(hold_stay(rooms=2, quoted_total={"amount_minor": 64_484, "currency": "USD"})).answers(state="held")


# —— Law 10 ———————————————————————————————————————————————————————————————————————————————————————————————————————————


def counted(*names: str, until: datetime = HELD_UNTIL) -> list[Change]:
    return [
        change
        for room, name in zip(("g1", "g2", "v1"), names, strict=False)
        for change in [
            *held(name, stay(name, room), held_until=until),
            Change(NIMALI, Holder.HoldCounted(reservation_id=named(name), held_until=until)),
        ]
    ]


@pytest.mark.parametrize(("live", "accepted"), [(0, True), (1, True), (2, False), (3, False)])
def test_live_holds_are_limited(live: int, *, accepted: bool) -> None:
    story = given(*OPENED, *counted("a", "b", "c")[: live * 4])
    verdict = story.when(hold_stay(), advice=advice(holders=((NIMALI, 2),)))
    if accepted:
        room = ("g1", "g2")[live]
        hold = Change(NIMALI, Holder.HoldCounted(reservation_id=MINE, held_until=HELD_UNTIL))
        verdict.then(*held_by_me(mine(1, room), holders=(NIMALI,)), *nights_of(mine(1, room)), hold)
    else:
        verdict.refuses(Holder.TooManyHolds, most=2)


def test_paid_and_expired_holds_do_not_count() -> None:
    limit = advice(holders=((NIMALI, 1),))
    given(*OPENED, *counted("a"), *confirmed("a", stay("a", "g1"))).when(hold_stay(), advice=limit).answers(state="held")
    given(*OPENED, *counted("a")).when(hold_stay(), at=HELD_UNTIL, advice=limit).answers(state="held")
    given(*OPENED, *counted("a")).when(hold_stay(), advice=limit).refuses(Holder.TooManyHolds)


@pytest.mark.parametrize(("nights", "accepted"), [(MOST_ROOM_NIGHTS - 2, True), (MOST_ROOM_NIGHTS - 1, False)])
def test_unpaid_room_nights_are_limited_over_all_holds(nights: int, *, accepted: bool) -> None:
    """Two are held already."""
    departure = ARRIVAL + timedelta(days=nights)
    verdict = given(*OPENED, *counted("a")).when(hold_stay(departure=departure), advice=advice(holders=((NIMALI, 9),)))
    if accepted:
        verdict.answers(state="held")
    else:
        verdict.refuses(Holder.TooManyRoomNights, most_room_nights=MOST_ROOM_NIGHTS)


def test_each_address_has_its_own_limit() -> None:
    other = holder_stream(CODE, "203.0.113.7")
    both = advice(holders=((other, 5), (NIMALI, 1)))
    given(*OPENED, *counted("a")).when(hold_stay(), advice=both).refuses(Holder.TooManyHolds, most=1)


# —— Form —————————————————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize(
    "bad",
    [
        {"adults": 0}, {"adults": 21}, {"children": -1}, {"rooms": 0}, {"rooms": 10}, {"room_type": "Garden Room"},
        {"guest": {"name": "", "email": "a@example.com"}}, {"guest": {"name": "N", "email": "nobody"}},
        {"guest": {"name": "N", "email": "a@example.com", "language": "english"}}, {"surprise": 1},
    ],
)  # fmt: skip
def test_a_malformed_request_is_no_command(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        hold_stay(**bad)
