"""Payments of the rest, changed blocks, restrictions, the house and day use, with one guard taken out at a time.

Each story is fine with its guard; without it the auditor or the inspector must notice. As in `test_controls.py`, the guards are
substituted here only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.rates import Rates
from commands import (
    block_rooms,
    change_block,
    change_stay,
    changing_rooms,
    free_rooms,
    group_block,
    hold_stay,
    placing,
    record_payment_observation,
    request_payment,
    rooms_for,
)
from ledger.stay import LiveStay
from tests.auditor import today
from tests.examples import ARRIVAL
from tests.property.wishes_machine import WishesMachine

Story = Callable[[WishesMachine], None]
FITTING = 1
"""A pick that is not one of those that take any booking."""


def look(hotel: WishesMachine) -> None:
    hotel.every_line_obeys_the_laws()
    hotel.the_auditor_sees_the_same_holders()
    hotel.the_read_models_show_what_the_auditor_knows()
    hotel.what_was_written_is_shown()
    hotel.replay_equals_live()


def happens(story: Story, hotel: WishesMachine) -> None:
    story(hotel)
    look(hotel)


def hold(hotel: WishesMachine, *stays: tuple[Any, ...]) -> Any:
    """Hold and book stays, each (type, days ahead, nights, slot, wishes)."""
    wanted = [(kind, "flexible", 2, 0, ahead, nights, slot, list(liking)) for kind, ahead, nights, slot, liking in stays]
    return hotel.stays_are_held(wanted=wanted, pick=0, books=True)


def garden(hotel: WishesMachine) -> Any:
    return hold(hotel, ("garden", 1, 2, "night", ()))


def the_house_is_half_taken(hotel: WishesMachine) -> None:
    garden(hotel)
    hotel.room_is_promised(pick=FITTING, promised=True)
    hold(hotel, ("house", 1, 2, "night", ()))


def the_house_is_booked(hotel: WishesMachine) -> None:
    hold(hotel, ("house", 1, 2, "night", ()))


def a_room_is_taken_by_day_and_by_night(hotel: WishesMachine) -> None:
    hold(hotel, ("villa", 1, 2, "night", ()))
    hold(hotel, ("villa", 1, 1, "day", ()))


def two_want_the_same_day(hotel: WishesMachine) -> None:
    hold(hotel, ("villa", 1, 1, "day", ()))
    hold(hotel, ("villa", 1, 1, "day", ()))


def a_room_is_out_of_order(hotel: WishesMachine) -> None:
    hotel.room_is_blocked(room="v1", ahead=1, nights=2, reason="out_of_order")


def a_room_that_is_out_of_order_is_wanted_by_day(hotel: WishesMachine) -> None:
    a_room_is_out_of_order(hotel)
    hold(hotel, ("villa", 2, 1, "day", ()))


def day_use_is_asked_into_a_room_that_is_out_of_order(hotel: WishesMachine) -> None:
    a_room_is_out_of_order(hotel)
    hold(hotel, ("garden", 1, 1, "day", ()))
    hotel.stay_is_moved(pick=FITTING, room="v1", first=None)


def day_use_goes_on_to_a_date_when_its_room_is_out_of_order(hotel: WishesMachine) -> None:
    a_room_is_out_of_order(hotel)
    hold(hotel, ("villa", 0, 1, "day", ()))
    hotel.stay_is_changed(pick=FITTING, arrival=1, departure=1, kind="", plan="", adults=0)


def a_room_that_is_used_by_day_is_to_be_mended(hotel: WishesMachine) -> None:
    hold(hotel, ("villa", 1, 1, "day", ()))
    a_room_is_out_of_order(hotel)


def a_room_is_mended_that_was_held_by_day(hotel: WishesMachine) -> None:
    """Who held it comes to confirm when the time is over."""
    made = hotel.stays_are_held(wanted=[("villa", "flexible", 2, 0, 1, 1, "day", [])], pick=0, books=False)
    hotel.time_passes(minutes=15)
    a_room_is_out_of_order(hotel)
    hotel.staff_confirm(reservation=made)


def a_high_floor_is_promised(hotel: WishesMachine) -> None:
    hold(hotel, ("garden", 1, 2, "night", ("floor-high!",)))
    hold(hotel, ("garden", 1, 2, "night", ("floor-high!",)))


def a_family_wants_a_room_for_two(hotel: WishesMachine) -> None:
    hotel.stays_are_held(wanted=[("garden", "flexible", 2, 2, 1, 2, "night", [])], pick=0, books=True)


def the_friends_to_be_near_to_have_left(hotel: WishesMachine) -> None:
    hold(hotel, ("garden", 0, 1, "night", ()))
    hotel.guests_arrive(pick=FITTING, room=None)
    hotel.guests_leave(pick=FITTING, fee=None)
    hold(hotel, ("garden", 0, 1, "night", ("near!",)))


def three_are_promised_a_joined_room(hotel: WishesMachine) -> None:
    """Two rooms of the hotel are joined by an inner door, and there is a third one."""
    for _ in range(3):
        hold(hotel, ("garden", 1, 2, "night", ("connecting!",)))


def two_stays_on_the_same_nights(hotel: WishesMachine) -> None:
    hold(hotel, ("garden", 1, 2, "night", ()), ("garden", 2, 2, "night", ()))


def the_rest_is_paid_twice(hotel: WishesMachine) -> None:
    """Two pages are open at the same time, each for all that is left, and money comes on both."""
    garden(hotel)
    rest: Any = {"pick": FITTING, "part": "all", "wrong_by": 0, "then": ""}
    pages: list[Any] = [hotel.the_rest_is_asked_for(purpose=purpose, **rest) for purpose in ("balance", "extra")]
    for page in pages:
        hotel.what_was_seen_arrives(look=hotel.somebody_looks(payment=page), status="succeeded", wrong_by=0)


def a_paid_guest_is_asked_again(hotel: WishesMachine) -> None:
    garden(hotel)
    for _ in range(2):
        hotel.the_rest_is_asked_for(pick=FITTING, purpose="balance", part="all", then="succeeded", wrong_by=0)


def half_is_asked_for_instead(hotel: WishesMachine) -> None:
    garden(hotel)
    for part in ("all", "half"):
        hotel.the_rest_is_asked_for(pick=FITTING, purpose="balance", part=part, then="", wrong_by=0)


def a_block(hotel: WishesMachine, rooms: int, kind: str = "garden") -> None:
    hotel.group_is_opened(ahead=2, cutoff=0, elastic=False, kind=kind, nights=2, option=None, rooms=rooms)


def a_group_has_the_house_and_comes(hotel: WishesMachine) -> None:
    """A guest of the group has it for one night, the other one goes back."""
    a_block(hotel, 1, "house")
    hotel.room_is_picked_up(pick=FITTING, begin=0, nights=1, adults=2)
    (stay,) = hotel.auditor.stays.values()
    assert {*stay.rooms.values()} == {"g1+g2"}
    hotel.block_is_released(pick=FITTING, reason="staff")


def a_block_grows(hotel: WishesMachine) -> None:
    a_block(hotel, 1)
    hotel.block_is_changed(pick=FITTING, begin=0, nights=2, rooms=2, cutoff=None, elastic=None)


def a_block_shrinks(hotel: WishesMachine) -> None:
    a_block(hotel, 3)
    hotel.block_is_changed(pick=FITTING, begin=0, nights=2, rooms=1, cutoff=None, elastic=None)


def the_hotel_is_closed(hotel: WishesMachine) -> None:
    hotel.the_hotel_sells_otherwise(rules=[("stop_sell", (ARRIVAL - today(hotel.now)).days, 0, 1, "", "")])
    hotel.hold(
        kind="garden", plan="flexible", adults=2, offset=0, nights=2, rooms=1, holder="a", suggested=[], pays=False
    )  # fmt: skip


def a_day_is_changed_to_another(hotel: WishesMachine) -> None:
    """A restriction that asks for two nights is not about the day."""
    hold(hotel, ("villa", 1, 1, "day", ()))
    hotel.the_hotel_sells_otherwise(rules=[("min_stay", 0, 3, 2, "", "")])
    hotel.stay_is_changed(pick=FITTING, arrival=1, departure=1, kind="", plan="", adults=0)
    assert [stay.arrival for stay in hotel.auditor.stays.values()] == [today(hotel.now) + timedelta(days=2)]


def too_many_are_named(hotel: WishesMachine) -> None:
    garden(hotel)
    hotel.guests_are_named(pick=FITTING, guests=4, stale=False)


def nothing(*_: object, **__: object) -> list[Any]:
    return []


def one_door(room: str) -> tuple[str, ...]:
    """A house is its first room."""
    return (room.split("+", maxsplit=1)[0],)


def none_are_asked(*_: object) -> tuple[()]:
    return ()


def by_night(stays: Any) -> Any:
    """Take day use for a night."""
    return tuple(replace(place, slot="night") for place in WANTED(stays))


def everything_is_left(_: object, reservation: Any) -> Any:
    return reservation.owed


WANTED = vars(hold_stay.HoldStay)["wanted"].func
GUARDS: dict[str, tuple[Story, tuple[Any, str, Any], str]] = {
    "law 3: half of the house is enough": (
        the_house_is_booked, (placing, "doors_of", one_door), "law 3: not all of its nights, or more",
    ),
    "law 1: the house is free when nobody has it as a whole": (
        the_house_is_half_taken, (rooms_for, "free_rooms", lambda hotel, room_type, **_: list(hotel.rooms_of(room_type))),
        "law [12]|is booked by|room_night.taken",
    ),
    "slots: day use takes the night": (
        a_room_is_taken_by_day_and_by_night, (hold_stay.HoldStay, "wanted", property(by_night)), "sold_out and not accepted",
    ),
    "parties: nobody counts the children": (
        a_family_wants_a_room_for_two, (Property, "welcome", lambda *_: None), "accepted and not property.too_many_guests",
    ),
    "wishes: who has left is still there": (
        the_friends_to_be_near_to_have_left, (LiveStay, "is_live", True), "accepted and not sold_out",
    ),
    "wishes: any room is joined to another": (
        three_are_promised_a_joined_room, (rooms_for, "fitting", lambda _, rooms, *__: list(rooms)),
        "breaks a promise|accepted and not sold_out",
    ),
    "off the market: day use does not look at the night": (
        a_room_that_is_out_of_order_is_wanted_by_day, (free_rooms, "nights_of_days", none_are_asked),
        "accepted and not sold_out",
    ),
    "off the market: a move by day does not look at the night": (
        day_use_is_asked_into_a_room_that_is_out_of_order, (changing_rooms, "nights_of_days", none_are_asked),
        "accepted and not room_night.taken",
    ),
    "off the market: a change of day use does not look at the night": (
        day_use_goes_on_to_a_date_when_its_room_is_out_of_order, (change_stay, "nights_of_days", none_are_asked),
        "accepted and not sold_out",
    ),
    "off the market: nobody looks who has the room by day": (
        a_room_that_is_used_by_day_is_to_be_mended, (block_rooms, "_days_ended", nothing),
        "accepted and not upkeep.stays_in_the_way",
    ),
    "off the market: a hold by day that is over can be confirmed": (
        a_room_is_mended_that_was_held_by_day, (block_rooms, "_days_ended", nothing), "accepted and not room_night.not_held",
    ),
    "law 7: both payments of the rest are kept": (
        the_rest_is_paid_twice, (record_payment_observation, "left_to_pay", everything_is_left), r"law 7: \d+ is kept",
    ),
    "law 7: who has paid is asked again": (
        a_paid_guest_is_asked_again, (request_payment, "left_to_pay", everything_is_left),
        "accepted and not payment.nothing_due",
    ),
    "payments: the page for another amount stays open": (
        half_is_asked_for_instead, (Payment, "void", nothing), "two live payments for one purpose",
    ),
    "blocks: a larger block takes no rooms": (
        a_block_grows, (change_block, "take", nothing), "the block of .* is ",
    ),
    "blocks: a smaller block keeps its rooms": (
        a_block_shrinks, (change_block, "given_back", nothing), "is not free|not the auditor's|the block of",
    ),
    "blocks: half of the house is enough for a group": (
        a_group_has_the_house_and_comes, (group_block, "doors_of", one_door), "the block of .* is ",
    ),
    "restrictions: nobody asks whether it is sold": (
        the_hotel_is_closed, (Rates, "admit", lambda *_, **__: None), "accepted and not restriction.stop_sell",
    ),
    "wishes: a promise is a preference": (
        a_high_floor_is_promised, (rooms_for, "fitting", lambda _, rooms, *__: list(rooms)),
        "breaks a promise|accepted and not sold_out",
    ),
}  # fmt: skip


@pytest.fixture
def hotel() -> Iterator[WishesMachine]:
    machine = WishesMachine()
    machine.open_the_hotel()
    yield machine
    machine.teardown()


STORIES = (
    *dict.fromkeys(story for story, _, _ in GUARDS.values()), two_want_the_same_day, a_day_is_changed_to_another,
    two_stays_on_the_same_nights, too_many_are_named,
)  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_with_its_guards_the_desk_wrongs_nobody(hotel: WishesMachine, story: Story) -> None:
    happens(story, hotel)


@pytest.mark.parametrize("guard", GUARDS)
def test_control_without_a_guard_somebody_notices(hotel: WishesMachine, guard: str) -> None:
    story, damage, said = GUARDS[guard]
    with patch.object(*damage), pytest.raises(AssertionError, match=said):
        happens(story, hotel)
