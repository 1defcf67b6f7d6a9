"""Stays of one hold: each with its own dates and type, wishes and promises, day use, and a villa that is several rooms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.confirm_reservation import ConfirmReservation
from commands.hold_stay import HoldStay, StayWish, guest_stream
from commands.wishes import NearUnknown
from ledger.command import Change
from ledger.ids import property_stream, rates_stream
from ledger.refusal import Refusal
from ledger.stay import BookedStay
from ledger.stay_dates import StayDates
from tests.examples import (
    ARRIVAL,
    CODE,
    GARDEN,
    GUEST,
    HOTEL,
    OPENED,
    TARIFF,
    VILLA,
    confirmed,
    held,
    hold_stay,
    named,
    stay,
    usd,
)
from tests.spec import Story, Verdict, given

MINE = guest_stream(named("command"))


def night(number: int) -> date:
    return ARRIVAL + timedelta(days=number)


def wish(first: int = 0, nights: int = 2, room_type: str = "garden", **more: Any) -> StayWish:
    asked: dict[str, Any] = {
        "room_type": room_type,
        "rate_plan": "flexible",
        "arrival": night(first),
        "departure": night(first + nights),
    }
    return StayWish(**(asked | more))


def holding(*stays: StayWish, **more: Any) -> HoldStay:
    return HoldStay(stays=stays, guest=GUEST, **more)


def stays_of(verdict: Verdict) -> tuple[BookedStay, ...]:
    told = verdict.decision.changes[0].event
    assert isinstance(told, Reservation.Held)
    return told.stays


def rooms_of(verdict: Verdict) -> list[str]:
    return [each.room for each in stays_of(verdict)]


def nights_of(verdict: Verdict) -> list[tuple[str, date, str]]:
    told = [change.event for change in verdict.decision.changes]
    return [(event.room, event.stay_date, event.slot) for event in told if isinstance(event, RoomNight.HoldRequested)]


def moves_of(verdict: Verdict) -> list[tuple[UUID, str, str]]:
    told = [change.event for change in verdict.decision.changes]
    return [(event.stay_id, event.from_room, event.to_room) for event in told if isinstance(event, Reservation.StayMoved)]


# —— Stays of their own ———————————————————————————————————————————————————————————————————————————————————————————————


def test_each_stay_has_its_own_dates_type_and_party() -> None:
    verdict = given(*OPENED).when(holding(wish(), wish(1, 3), wish(5, 1, "villa", adults=3)))
    stays = stays_of(verdict)
    assert [(each.room_type, each.dates.arrival, each.dates.departure, each.adults) for each in stays] == [
        ("garden", night(0), night(2), 2), ("garden", night(1), night(4), 2), ("villa", night(5), night(6), 3),
    ]  # fmt: skip
    assert stays[0].room != stays[1].room, "they overlap"
    assert nights_of(verdict) == [(each.room, on, "night") for each in stays for on in each.dates]
    held_event = verdict.decision.changes[0].event
    assert isinstance(held_event, Reservation.Held)
    assert held_event.total.amount_minor == sum(each.price.total.amount_minor for each in stays)


def test_stays_that_follow_one_another_share_a_room() -> None:
    assert len(set(rooms_of(given(*OPENED).when(holding(wish(0, 2), wish(2, 2)))))) == 1


def test_all_stays_are_held_or_none() -> None:
    villa = stay("other", "v1")
    story = given(*OPENED, *held("other", villa))
    story.when(holding(wish(), wish(room_type="villa"))).refuses(HoldStay.SoldOut, rooms_left=0)


def test_the_shown_total_is_that_of_all_stays() -> None:
    whole = sum(each.price.total.amount_minor for each in stays_of(given(*OPENED).when(holding(wish(), wish(0, 4)))))
    right, wrong = ({"amount_minor": whole + off, "currency": "USD"} for off in (0, 1))
    assert len(stays_of(given(*OPENED).when(holding(wish(), wish(0, 4), quoted_total=right)))) == 2
    given(*OPENED).when(holding(wish(), wish(0, 4), quoted_total=wrong)).refuses(HoldStay.PriceChanged)


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (wish(2, 0), StayDates.NotAfterArrival),
        (wish(room_type="attic"), Property.RoomTypeUnknown),
        (wish(adults=9), Property.TooManyGuests),
    ],
)
def test_what_is_wrong_with_any_stay_is_refused(second: StayWish, refusal: type[Refusal]) -> None:
    given(*OPENED).when(holding(wish(), second)).refuses(refusal)


@pytest.mark.parametrize("stays", [[], [{"room_type": "garden"}], "two", [1], [wish()] * 10])
def test_stays_that_are_none_are_malformed(stays: Any) -> None:
    with pytest.raises(ValidationError):
        HoldStay.model_validate({"stays": stays, "guest": GUEST})


# —— Wishes ———————————————————————————————————————————————————————————————————————————————————————————————————————————

FURNISHED = replace(
    HOTEL,
    rooms=(
        replace(HOTEL.rooms[0], features=("bed-twin",)),
        replace(HOTEL.rooms[1], connects=("g3",)),
        replace(HOTEL.rooms[2], connects=("g2",), features=("accessible",)),
        HOTEL.rooms[3],
    ),
)
"""g1 has two beds; g2 and g3 are joined; g3 is upstairs and accessible."""


def furnished(*more: Change) -> Story:
    return given(
        Change(property_stream(CODE), Property.Opened(definition=FURNISHED)),
        Change(rates_stream(CODE), Rates.Published(tariff=TARIFF)),
        *more,
    )


@pytest.mark.parametrize(
    ("wishes", "room"),
    [
        (("floor-high",), "g3"), (("floor-low",), "g1"), (("bed-twin",), "g1"), (("accessible",), "g3"),
        (("connecting",), "g2"), (("bed-double",), "g1"), (("floor-low", "connecting"), "g2"),
        (("bed-twin", "floor-high", "accessible"), "g3"), ((f"near:{named('friends')}",), "g2"),
    ],
)  # fmt: skip
def test_the_room_that_fulfils_most_wishes_is_chosen(wishes: tuple[str, ...], room: str) -> None:
    friends = stay("friends", "g3", 1, arrival=night(-3))
    verdict = furnished(*held("friends", friends)).when(hold_stay(wishes=wishes))
    assert rooms_of(verdict) == [room]
    assert (stays_of(verdict)[0].wishes, stays_of(verdict)[0].pin) == (wishes, "")


def test_a_wish_that_nobody_can_fulfil_costs_no_room() -> None:
    taken = [*held("upstairs", stay("upstairs", "g3"))]
    assert rooms_of(furnished(*taken).when(hold_stay(wishes=("floor-high",)))) == ["g1"]


def test_a_promise_is_kept_and_pins_the_room() -> None:
    [booked] = stays_of(furnished().when(hold_stay(wishes=("accessible!",))))
    assert (booked.room, booked.pin) == ("g3", "promised")


def test_a_promise_that_cannot_be_kept_is_refused() -> None:
    pinned = Change(named("upstairs"), Reservation.StayPinned(stay_id=named("upstairs/g3"), reason="accessible"))
    story = furnished(*held("upstairs", stay("upstairs", "g3")), pinned)
    story.when(hold_stay(wishes=("accessible!",))).refuses(HoldStay.SoldOut, rooms_left=0)


def test_others_make_way_for_a_promise() -> None:
    upstairs = stay("upstairs", "g3")
    verdict = furnished(*held("upstairs", upstairs), *confirmed("upstairs", upstairs)).when(hold_stay(wishes=("accessible!",)))
    assert rooms_of(verdict) == ["g3"]
    moved = [change.event for change in verdict.decision.changes if isinstance(change.event, Reservation.StayMoved)]
    assert [(event.from_room, event.to_room in {"g1", "g2"}) for event in moved] == [("g3", True)]


NOBODY_THERE = f"near:{named('nobody')}"


def test_near_somebody_unknown_is_no_promise_that_can_be_made_and_has_no_effect_as_a_preference() -> None:
    assert rooms_of(furnished().when(hold_stay(wishes=(NOBODY_THERE,)))) == rooms_of(furnished().when(hold_stay()))
    furnished().when(hold_stay(wishes=(f"{NOBODY_THERE}!",))).refuses(NearUnknown, reservation_id=str(named("nobody")))


FRIENDS = stay("friends", "g3", 1, arrival=night(-9))
LEFT = [
    *confirmed("friends", FRIENDS),
    Change(named("friends"), Reservation.StayCheckedIn(stay_id=FRIENDS.stay_id, room="g3", early=False, fee=usd(0))),
    Change(
        named("friends"),
        Reservation.StayCheckedOut(stay_id=FRIENDS.stay_id, departed_on=night(-8), late=False, fee=usd(0)),
    ),
]


@pytest.mark.parametrize(
    "gone", [[Change(named("friends"), Reservation.Expired(lost_nights=0))], LEFT], ids=["gave up", "left"]
)
def test_nobody_is_near_those_who_gave_all_rooms_up_or_have_left_and_the_promise_is_named(gone: list[Change]) -> None:
    promise = f"near:{named('friends')}!"
    story = furnished(*held("friends", FRIENDS), *gone)
    story.when(hold_stay(wishes=(promise,))).refuses(HoldStay.SoldOut, rooms_left=0, wishes=[promise])


def test_each_of_several_stays_is_near_whom_it_was_promised_and_others_make_way() -> None:
    """g2 is joined to g3 where the friends are, and upstairs there is no other room."""
    pinned = Change(named("friends"), Reservation.StayPinned(stay_id=named("friends/g3"), reason="promised"))
    story = furnished(*held("friends", stay("friends", "g3")), pinned, *held("other", stay("other", "g2")))
    verdict = story.when(holding(wish(4, 1), wish(wishes=(f"near:{named('friends')}!",))))
    assert rooms_of(verdict)[1] == "g2"
    assert moves_of(verdict) == [(named("other/g2"), "g2", "g1")]


def test_two_rooms_that_are_joined_are_given_together() -> None:
    assert sorted(rooms_of(furnished().when(hold_stay(rooms=2, wishes=("connecting",))))) == ["g2", "g3"]
    taken = held("other", stay("other", "g2"))
    assert sorted(rooms_of(furnished(*taken).when(hold_stay(rooms=2, wishes=("connecting",))))) == ["g1", "g3"]


@pytest.mark.parametrize("wish", ["sea-view", "near:ELLA", "floor-high!!", "", "near:"])
def test_words_that_are_no_wish_are_malformed(wish: str) -> None:
    with pytest.raises(ValidationError):
        hold_stay(wishes=(wish,))


# —— Day use ——————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_day_use_takes_the_day_and_leaves_the_night() -> None:
    day = hold_stay(departure=night(1), slot="day")
    verdict = given(*OPENED, *held("night", stay("night", "g1", 1))).when(day)
    assert nights_of(verdict) == [("g1", night(0), "day")]
    assert stays_of(verdict)[0].slot == "day"


def test_day_use_is_of_one_date() -> None:
    given(*OPENED).when(hold_stay(slot="day")).refuses(HoldStay.NotOneDay)


# —— A villa that is several rooms ————————————————————————————————————————————————————————————————————————————————————

HOUSE = replace(VILLA, code="house", name="Garden House", max_adults=6, max_guests=9, made_of=("g1", "g2"))
ESTATE = replace(HOTEL, room_types=(GARDEN, VILLA, HOUSE))
ESTATE_TARIFF = replace(TARIFF, prices=(*TARIFF.prices, replace(TARIFF.prices[1], room_type="house")))


def estate(*more: Change) -> Story:
    return given(
        Change(property_stream(CODE), Property.Opened(definition=ESTATE)),
        Change(rates_stream(CODE), Rates.Published(tariff=ESTATE_TARIFF)),
        *more,
    )


A_HOUSE = hold_stay(room_type="house", adults=5)


def test_a_house_takes_all_its_rooms() -> None:
    verdict = estate().when(A_HOUSE)
    assert rooms_of(verdict) == ["g1+g2"]
    assert nights_of(verdict) == [(door, night(number), "night") for door in ("g1", "g2") for number in range(2)]


@pytest.mark.parametrize("room", ["g1", "g2"])
def test_a_house_is_sold_out_when_one_of_its_rooms_is_taken(room: str) -> None:
    pinned = Change(named("other"), Reservation.StayPinned(stay_id=named(f"other/{room}"), reason="promised"))
    estate(*held("other", stay("other", room)), pinned).when(A_HOUSE).refuses(HoldStay.SoldOut, rooms_left=0)


@pytest.mark.parametrize("room", ["g1", "g2"])
def test_who_has_a_room_of_a_house_makes_way_for_it(room: str) -> None:
    verdict = estate(*held("other", stay("other", room))).when(A_HOUSE)
    assert rooms_of(verdict) == ["g1+g2"]
    assert moves_of(verdict) == [(named(f"other/{room}"), room, "g3")]
    both = [change for door in ("g1", "g2") for change in held(door, stay(door, door))]
    estate(*both).when(A_HOUSE).refuses(HoldStay.SoldOut, rooms_left=0)


def test_rooms_of_a_house_that_is_booked_are_not_sold_alone_and_nobody_of_it_is_moved() -> None:
    house = estate().when(A_HOUSE).decision.changes
    story = estate(*house)
    assert rooms_of(story.when(hold_stay(), command_id=named("next"))) == ["g3"]
    story.when(hold_stay(rooms=2), command_id=named("next")).refuses(HoldStay.SoldOut, rooms_left=1)


def test_a_house_is_confirmed_door_by_door() -> None:
    story = estate(*estate().when(A_HOUSE).decision.changes)
    told = [change.event for change in story.when(ConfirmReservation(reservation_id=MINE)).decision.changes]
    booked = [(event.room, event.stay_date) for event in told if isinstance(event, RoomNight.BookingConfirmed)]
    assert sorted(booked) == [(door, night(number)) for door in ("g1", "g2") for number in range(2)]
