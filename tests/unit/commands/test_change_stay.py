"""Change a stay: what stays agreed, what is priced again, which nights are given up and taken, and why not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.change_stay import ChangeStay
from commands.changing_rooms import RoomPinned
from commands.desk import NotInState, Over
from ledger.command import Change
from ledger.ids import made_by, payment_id, rates_stream, room_night_stream
from ledger.refusal import Refusal
from ledger.restrictions import Restriction, Restrictions
from ledger.stay import BookedStay
from ledger.stay_dates import StayDates
from tests.examples import (
    ARRIVAL,
    CODE,
    HELD_UNTIL,
    NOW,
    OPENED,
    TARIFF,
    VEHICLE,
    confirmed,
    dates,
    deposit_of,
    held,
    named,
    nights_cancelled,
    nights_released,
    paying,
    price,
    stay,
    usd,
)  # fmt: skip
from tests.spec import Verdict, given

R = named("r")
STAY = stay("r")
BOOKED = [*OPENED, *held("r"), *confirmed("r")]
THREE = TARIFF.price(
    room_type="garden", rate_plan="flexible", dates=dates(3), adults=2, children=0, agreed=price().lines
)  # fmt: skip
IN_HOUSE = Change(R, Reservation.StayCheckedIn(stay_id=STAY.stay_id, room="g1", early=False, fee=usd(0)))
ON_ARRIVAL = NOW + timedelta(days=9)
"""At the hotel it is half past one on the day of arrival."""


def change(**wish: Any) -> ChangeStay:
    return ChangeStay(reservation_id=R, stay_id=STAY.stay_id, **wish)


def changed(after: BookedStay, difference: int, reason: Any) -> Change:
    event = Reservation.StayChanged(stay_id=STAY.stay_id, stay=after, difference=usd(difference), reason=reason)
    return Change(R, event)


def taken(room: str, *nights: date, at: datetime = NOW) -> list[Change]:
    """Tell that the stay gets further nights in a room, held and booked at once."""
    changes: list[Change] = []
    for night in nights:
        stream = room_night_stream(CODE, room, night)
        of: dict[str, Any] = {"room": room, "stay_date": night, "stay_id": STAY.stay_id}
        changes.append(Change(stream, RoomNight.HoldRequested(**of, reservation_id=R, held_until=at)))
        changes.append(Change(stream, RoomNight.BookingConfirmed(**of)))
    return changes


def given_up(room: str, *nights: date) -> list[Change]:
    return [
        Change(room_night_stream(CODE, room, night), RoomNight.Cancelled(room=room, stay_date=night, stay_id=STAY.stay_id))
        for night in nights
    ]


def day(number: int) -> date:
    """Give the date `number` days after arrival."""
    return ARRIVAL + timedelta(days=number)


def other(room: str, arrival: date, nights: int = 1) -> list[Change]:
    """Tell that somebody else has booked a room."""
    booked = stay(f"other/{arrival}", room, nights, arrival=arrival)
    return [*held(f"other/{room}/{arrival}", booked), *confirmed(f"other/{room}/{arrival}", booked)]


def promised(room: str, arrival: date) -> list[Change]:
    """Tell that somebody else has booked a room and was promised it."""
    pin = Reservation.StayPinned(stay_id=named(f"other/{arrival}/{room}"), reason="promised")
    return [*other(room, arrival), Change(named(f"other/{room}/{arrival}"), pin)]


# —— What changes ————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_night_more_is_taken_in_the_same_room_and_priced_by_todays_tariff() -> None:
    after = replace(STAY, dates=dates(3), price=THREE)
    given(*BOOKED).when(change(departure=day(3))).then(
        changed(after, THREE.total.amount_minor - price().total.amount_minor, "dates"), *taken("g1", day(2))
    ).answers(state="confirmed")


def test_nights_that_stay_keep_their_agreed_price() -> None:
    dearer = replace(TARIFF, prices=tuple(replace(each, base_minor=2 * each.base_minor) for each in TARIFF.prices))
    decision = given(*BOOKED, Change(rates_stream(CODE), Rates.Published(tariff=dearer))).when(change(departure=day(3)))
    after = decision.decision.changes[0].event
    assert isinstance(after, Reservation.StayChanged)
    rooms = {line.stay_date: line.amount for line in after.stay.price.lines if line.kind == "room"}
    assert rooms == {day(0): usd(10_000), day(1): usd(10_000), day(2): usd(20_000)}


def test_another_party_is_priced_again_on_all_nights_without_touching_a_room_night() -> None:
    alone = TARIFF.price(room_type="garden", rate_plan="flexible", dates=dates(), adults=1, children=0)
    after = replace(STAY, adults=1, price=alone)
    given(*BOOKED).when(change(adults=1)).then(
        changed(after, alone.total.amount_minor - price().total.amount_minor, "party")
    )  # fmt: skip


def test_a_night_less_is_given_back() -> None:
    one = TARIFF.price(
        room_type="garden", rate_plan="flexible", dates=dates(1), adults=2, children=0,
        agreed=tuple(line for line in price().lines if line.stay_date == ARRIVAL),
    )  # fmt: skip
    given(*BOOKED).when(change(departure=day(1))).then(
        changed(replace(STAY, dates=dates(1), price=one), one.total.amount_minor - price().total.amount_minor, "dates"),
        *given_up("g1", day(1)),
    )


def test_another_type_is_another_room_for_all_nights() -> None:
    villa = TARIFF.price(room_type="villa", rate_plan="flexible", dates=dates(), adults=2, children=0)
    after = replace(STAY, room_type="villa", room="v1", price=villa)
    given(*BOOKED).when(change(room_type="villa")).then(
        changed(after, villa.total.amount_minor - price().total.amount_minor, "room_type"),
        *given_up("g1", day(0), day(1)),
        *taken("v1", day(0), day(1)),
    )


def test_when_its_room_is_taken_the_whole_stay_gets_another_one() -> None:
    verdict = given(*BOOKED, *other("g1", day(2))).when(change(departure=day(3)))
    verdict.then(
        changed(replace(STAY, dates=dates(3), price=THREE, room="g2"), 16_121, "dates"),
        *given_up("g1", day(0), day(1)),
        *taken("g2", day(0), day(1), day(2)),
    )


def test_what_was_paid_above_the_new_total_goes_back_in_the_same_commit() -> None:
    deposit = deposit_of("r")
    full = price().total
    fields: dict[str, Any] = {"reservation_id": R, "intent_id": "pi", "charge_id": "ch", "amount": full, "purpose": "deposit"}
    paid = [*OPENED, *held("r"), *paying("r", amount=full), Change(deposit, Payment.Captured(**fields)), *confirmed("r")]
    changes = given(*paid).when(change(departure=day(1))).decision.changes
    refund = Payment.RefundAsked(
        reservation_id=R, refund_id=made_by(named("command"), f"refund/{deposit}"), amount=usd(16_121), reason="changed"
    )
    assert changes[-1] == Change(deposit, refund)


def test_in_house_the_departure_changes_from_today_on() -> None:
    verdict = given(*BOOKED, IN_HOUSE).when(change(departure=day(3)), at=ON_ARRIVAL)
    verdict.then(changed(replace(STAY, dates=dates(3), price=THREE), 16_121, "extended"), *taken("g1", day(2), at=ON_ARRIVAL))


# —— What is refused, in its order ———————————————————————————————————————————————————————————————————————————————————


def ended(event: Any, *nights: Change) -> list[Change]:
    return [*BOOKED, Change(R, event), *nights]


PAST = ON_ARRIVAL + timedelta(days=2)
PINNED = Change(R, Reservation.StayPinned(stay_id=STAY.stay_id, reason="promised"))
CANCELLED = ended(Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0)), *nights_cancelled((STAY,)))
EVERY_ROOM = [change for room in ("g2", "g3") for change in other(room, day(2))]


@pytest.mark.parametrize(
    ("story", "wish", "at", "refusal"),
    [
        ([*OPENED], {"adults": 1}, NOW, Reservation.Unknown),
        (BOOKED, {"adults": 1, "expected_version": 1}, NOW, Reservation.ChangedSince),
        (BOOKED, {"adults": 1, "expected_version": 3}, NOW, Reservation.ChangedSince),
        ([*OPENED, *held("r")], {"adults": 1}, NOW, NotInState),
        (CANCELLED, {"adults": 1}, NOW, NotInState),
        (BOOKED, {"adults": 1}, PAST, Over),
        (BOOKED, {"departure": ARRIVAL}, NOW, StayDates.NotAfterArrival),
        (BOOKED, {"departure": day(366)}, NOW, StayDates.TooLong),
        (BOOKED, {"arrival": date(2126, 2, 28)}, NOW, StayDates.Past),
        (BOOKED, {"arrival": date(2130, 2, 28), "departure": date(2130, 3, 1)}, NOW, StayDates.TooFar),
        ([*BOOKED, IN_HOUSE], {"departure": day(1)}, ON_ARRIVAL + timedelta(days=2), StayDates.Past),
        (BOOKED, {"departure": day(1)}, ON_ARRIVAL + timedelta(days=1), StayDates.Past),
        ([*BOOKED, IN_HOUSE], {"arrival": day(1)}, ON_ARRIVAL, ChangeStay.InHouse),
        ([*BOOKED, IN_HOUSE], {"room_type": "villa"}, ON_ARRIVAL, ChangeStay.InHouse),
        (BOOKED, {"room_type": "cave"}, NOW, Property.RoomTypeUnknown),
        (BOOKED, {"adults": 3}, NOW, Property.TooManyGuests),
        (BOOKED, {"rate_plan": "none"}, NOW, Rates.PlanUnknown),
        (BOOKED, {"rate_plan": "saver", "departure": day(1)}, NOW, Rates.TooShort),
        (BOOKED, {}, NOW, ChangeStay.NothingNew),
        (BOOKED, {"adults": 2}, NOW, ChangeStay.NothingNew),
        (BOOKED, {"departure": day(3), "expected_difference_minor": 1}, NOW, ChangeStay.DifferenceChanged),
        ([*BOOKED, IN_HOUSE, *promised("g1", day(2))], {"departure": day(3)}, ON_ARRIVAL, ChangeStay.RoomTaken),
        ([*BOOKED, PINNED, *promised("g1", day(2))], {"departure": day(3)}, NOW, RoomPinned),
        ([*BOOKED, PINNED], {"room_type": "villa"}, NOW, RoomPinned),
        ([*BOOKED, *other("g1", day(2)), *EVERY_ROOM], {"departure": day(3)}, NOW, ChangeStay.SoldOut),
    ],
)
def test_what_cannot_be_changed(
    story: list[Change], wish: dict[str, Any], at: datetime, refusal: type[Refusal]
) -> None:  # fmt: skip
    given(*story).when(change(**wish), at=at).refuses(refusal)


def test_a_stay_of_another_reservation_is_not_there() -> None:
    given(*BOOKED).when(ChangeStay(reservation_id=R, stay_id=named("x"), adults=1)).refuses(Reservation.StayUnknown)


def test_who_comes_late_is_told_what_happened_since() -> None:
    given(*BOOKED, PINNED).when(change(adults=1, expected_version=2)).refuses(
        Reservation.ChangedSince, version=3, changed=["reservation.stay-pinned.v1"]
    )


def test_an_extension_into_a_taken_room_names_the_free_ones() -> None:
    story = [*BOOKED, IN_HOUSE, *promised("g1", day(2)), *other("g2", day(2))]
    given(*story).when(change(departure=day(3)), at=ON_ARRIVAL).refuses(ChangeStay.RoomTaken, room="g1", rooms=["g3"])


def by_guest(story: list[Change], at: datetime, **wish: Any) -> Verdict:
    return given(*story).when(change(**wish), at=at, actor="guest")


LATE = NOW + timedelta(days=7)
"""Cancelling is not free any more."""


def test_guests_change_what_lies_before_them() -> None:
    assert by_guest(BOOKED, NOW, departure=day(1)).decision.changes


@pytest.mark.parametrize(
    ("story", "at", "wish"),
    [
        ([*BOOKED, IN_HOUSE], ON_ARRIVAL, {"departure": day(3)}),
        (BOOKED, ON_ARRIVAL + timedelta(days=1), {"departure": day(3)}),
        (BOOKED, LATE, {"departure": day(1)}),
        (BOOKED, LATE, {"arrival": day(1), "departure": day(3)}),
        (BOOKED, LATE, {"rate_plan": "half-board", "departure": day(3)}),
    ],
)
def test_guests_do_not_escape_a_fee_nor_change_what_has_begun(story: list[Change], at: datetime, wish: dict[str, Any]) -> None:
    by_guest(story, at, **wish).refuses(ChangeStay.AskTheHotel)
    assert given(*story).when(change(**wish), at=at).decision.changes, "staff may"


def test_guests_may_add_nights_late() -> None:
    assert by_guest(BOOKED, LATE, departure=day(3)).decision.changes


@pytest.mark.parametrize("released", [False, True])
def test_a_hold_whose_time_is_over_is_no_obstacle(released: bool) -> None:
    rival = stay("rival", nights=1, arrival=day(2))
    ended_hold = nights_released((rival,), "expired")
    story = [*BOOKED, *held("rival", rival), *(ended_hold if released else [])]
    changes = given(*story).when(change(departure=day(3)), at=NOW + timedelta(minutes=15)).decision.changes
    assert [each for each in changes if each in ended_hold] == ([] if released else ended_hold)


def test_others_move_in_the_same_commit_when_only_that_makes_room() -> None:
    after_me, before_me = stay("after", "g1", arrival=day(2)), stay("before", "g2")
    story = [*BOOKED, *held("a", after_me), *confirmed("a", after_me), *held("b", before_me), *confirmed("b", before_me)]
    changes = given(*story, *other("g3", day(0), 4)).when(change(departure=day(4))).decision.changes
    moved = [each.event for each in changes if isinstance(each.event, Reservation.StayMoved)]
    assert len(moved) == 1
    assert moved[0].reason == "reshuffle"
    booked = {each.event.stay_date for each in changes if isinstance(each.event, RoomNight.BookingConfirmed)}
    assert booked == {day(0), day(1), day(2), day(3)}


def test_nobody_moves_for_a_change_when_all_are_pinned() -> None:
    after_me, before_me = stay("after", "g1", arrival=day(2)), stay("before", "g2")
    story = [*BOOKED, *held("a", after_me), *confirmed("a", after_me), *held("b", before_me), *confirmed("b", before_me)]
    pins = [
        Change(named(name), Reservation.StayPinned(stay_id=each.stay_id, reason="promised"))
        for name, each in (("a", after_me), ("b", before_me))
    ]
    given(*story, *pins, *other("g3", day(0), 4)).when(change(departure=day(4))).refuses(ChangeStay.SoldOut)


def test_day_use_stays_of_one_day_and_in_its_own_slot() -> None:
    used = replace(stay("r", nights=1), slot="day")
    night = {"room": "g1", "stay_date": ARRIVAL, "stay_id": used.stay_id, "slot": "day"}
    stream = room_night_stream(CODE, "g1", ARRIVAL, "day")
    story = [
        *OPENED, held("r", used)[0], Change(R, Reservation.Confirmed(guarantee="staff")),
        Change(stream, RoomNight.HoldRequested(**night, reservation_id=R, held_until=NOW)),  # type: ignore[arg-type]  # mixed
        Change(stream, RoomNight.BookingConfirmed(**night)),  # type: ignore[arg-type]  # fields of several types
    ]  # fmt: skip
    given(*story).when(change(departure=day(2))).refuses(ChangeStay.NotOneDay)
    next_day = given(*story).when(change(arrival=day(1), departure=day(2))).decision.changes
    streams = [each.stream for each in next_day[1:]]
    assert streams == [stream, *[room_night_stream(CODE, "g1", day(1), "day")] * 2]


def test_a_page_for_another_amount_is_closed() -> None:
    balance = payment_id(R, "balance", 1)
    asked = Payment.Requested(reservation_id=R, purpose="balance", amount=price().total, vehicle=VEHICLE)
    page = [
        Change(R, Reservation.PaymentAsked(payment_id=balance, purpose="balance", amount=price().total)),
        Change(balance, asked),
    ]
    changes = given(*BOOKED, *page).when(change(departure=day(3))).decision.changes
    assert changes[-1] == Change(balance, Payment.VoidAsked(reservation_id=R, reason="changed"))


def test_others_who_move_are_held_or_booked_as_before() -> None:
    after_me, before_me = stay("after", "g1", arrival=day(2)), stay("before", "g2")
    story = [*BOOKED, *held("a", after_me), *held("b", before_me), *other("g3", day(0), 4)]
    changes = given(*story).when(change(departure=day(4))).decision.changes
    moved = [each.event for each in changes if isinstance(each.event, RoomNight.Reassigned)]
    assert len(moved) == 4
    assert {event.held_until for event in moved} == {HELD_UNTIL}


CLOSED = replace(TARIFF, restrictions=(Restriction(first=day(3), last=day(3), closed_to_departure=True),))
ON_CLOSED = [*BOOKED, Change(rates_stream(CODE), Rates.Published(tariff=CLOSED))]


def test_restrictions_count_for_new_dates_only_and_not_in_house() -> None:
    given(*ON_CLOSED).when(change(departure=day(3))).refuses(Restrictions.ClosedToDeparture)
    assert given(*ON_CLOSED).when(change(departure=day(4))).decision.changes
    assert given(*ON_CLOSED).when(change(adults=1)).decision.changes
    assert given(*ON_CLOSED, IN_HOUSE).when(change(departure=day(3)), at=ON_ARRIVAL).decision.changes


def test_another_room_is_chosen_by_the_wishes_of_the_stay() -> None:
    high = replace(STAY, wishes=("floor-high",))
    story = [*OPENED, *held("r", high), *confirmed("r", high), *other("g1", day(2))]
    changed_to = given(*story).when(change(departure=day(3))).decision.changes[0].event
    assert isinstance(changed_to, Reservation.StayChanged)
    assert (changed_to.stay.room, changed_to.stay.wishes) == ("g3", ("floor-high",))


def test_another_room_is_near_those_whom_the_guests_wished_to_be_near() -> None:
    near = replace(STAY, wishes=(f"near:{named('friends')}",))
    story = [*OPENED, *held("r", near), *confirmed("r", near), *other("g1", day(2))]
    friends = held("friends", stay("friends", "g3", 1, arrival=day(9)))
    for more, room in ((friends, "g3"), ([], "g2")):
        changed_to = given(*story, *more).when(change(departure=day(3))).decision.changes[0].event
        assert isinstance(changed_to, Reservation.StayChanged)
        assert changed_to.stay.room == room
