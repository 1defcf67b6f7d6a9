"""Each law with its guard taken out: the auditor or the inspector must notice, in the very story that is fine with the guard.

The guards are substituted here, in the test; the product has no switch for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from aggregates.holder import Holder
from aggregates.room_night import RoomNight
from commands import cancel_reservation, expire_hold, hold_stay, placing
from ledger.money import CurrencyMismatch, Money
from tests.examples import HOLD_SECONDS
from tests.property.hotel_machine import HotelMachine

Story = Callable[[HotelMachine], None]


class Deaf(HotelMachine):
    """Takes every answer for right, so that only the laws of the log speak."""

    def answers(self, outcome: Any, expected: str) -> bool:  # noqa: ARG002 - nothing is expected
        return bool(outcome.accepted)


def happens(story: Story, hotel: HotelMachine) -> None:
    """Tell a story, then look at everything that is looked at after each step of the machine."""
    story(hotel)
    hotel.every_line_obeys_the_laws()
    hotel.the_auditor_sees_the_same_holders()
    hotel.replay_equals_live()


def villa(hotel: HotelMachine, holder: str = "a", **other: Any) -> Any:
    asked: dict[str, Any] = {
        "kind": "villa", "plan": "flexible", "adults": 2, "offset": 0, "nights": 2, "rooms": 1, "holder": holder,
        "suggested": [], "pays": False,
    }  # fmt: skip
    return hotel.hold(**(asked | other))


def wait(hotel: HotelMachine) -> None:
    hotel.time_passes(minutes=HOLD_SECONDS // 60)


def a_rival_comes_early(hotel: HotelMachine) -> None:
    villa(hotel)
    villa(hotel, "b")


def a_rival_comes_after_the_booking(hotel: HotelMachine) -> None:
    hotel.staff_confirm(reservation=villa(hotel))
    wait(hotel)
    villa(hotel, "b")


def a_rival_comes_in_time(hotel: HotelMachine) -> None:
    villa(hotel)
    wait(hotel)
    villa(hotel, "b")


def the_owner_pays_late(hotel: HotelMachine) -> None:
    first = villa(hotel)
    wait(hotel)
    hotel.staff_confirm(reservation=first)


def the_owner_is_too_late(hotel: HotelMachine) -> None:
    first = villa(hotel)
    wait(hotel)
    villa(hotel, "b")
    hotel.staff_confirm(reservation=first)


def nobody_pays(hotel: HotelMachine) -> None:
    first = villa(hotel)
    wait(hotel)
    hotel.the_sweeper_expires(reservation=first)


def a_paid_stay_is_cancelled(hotel: HotelMachine) -> None:
    first = villa(hotel, offset=9)
    assert isinstance(first, UUID)
    payment = hotel.the_guest_opens_the_payment(reservation=first)
    hotel.what_was_seen_arrives(look=hotel.somebody_looks(payment=payment), status="succeeded", wrong_by=0)
    hotel.guest_cancels(reservation=first)


def a_guest_holds_everything(hotel: HotelMachine) -> None:
    for offset in (0, 2, 4):
        villa(hotel, offset=offset)


def yesterday_is_asked_for(hotel: HotelMachine) -> None:
    """At twenty to midnight by UTC it is the next morning at the hotel."""
    hotel.now += timedelta(days=8, hours=15, minutes=40)
    villa(hotel, offset=-1)


@contextmanager
def method(owner: Any, name: str, instead: Any) -> Iterator[None]:
    with patch.object(owner, name, instead):
        yield


def without_the_last_night(*args: Any, **named: Any) -> Any:
    rooms, taken = PLACED(*args, **named)
    return rooms, taken[:-1]


PLACED = placing.placed
COUNT = Holder.count
GUARDS: dict[str, tuple[Story, tuple[Any, str, Any], str]] = {
    "law 1: a held room-night counts as free": (
        a_rival_comes_early, (RoomNight, "is_free", lambda *_: True), "accepted and not sold_out",
    ),
    "law 1: a booked room-night counts as free": (
        a_rival_comes_after_the_booking, (RoomNight, "is_free", lambda *_: True), "accepted and not sold_out",
    ),
    "law 1: whoever confirms has the room": (
        the_owner_is_too_late, (RoomNight, "is_held_by", lambda *_: True), "accepted and not room_night.not_held",
    ),
    "law 2: a hold never ends": (
        a_rival_comes_in_time, (RoomNight, "is_free", lambda night, _: night.state == "free"), "sold_out and not accepted",
    ),
    "law 2: the taker does not write that the hold expired": (
        a_rival_comes_in_time, (RoomNight, "_cleared", lambda *_: []), "law 1: .* is held by",
    ),
    "law 2: the owner may not confirm once the time is over": (
        the_owner_pays_late, (RoomNight, "is_held_by", lambda *_: False), "room_night.not_held and not accepted",
    ),
    "law 2: an expired hold leaves its room-nights as they are": (
        nobody_pays, (expire_hold, "release_nights", lambda *_: []), "law 3: not all of its nights, or more",
    ),
    "law 3: the last night of a stay is forgotten": (
        a_rival_comes_in_time, (hold_stay, "placed", without_the_last_night), "law 3: not all of its nights, or more",
    ),
    "law 7: what is not owed stays with the hotel": (
        a_paid_stay_is_cancelled, (cancel_reservation, "give_back", lambda *_: []), r"law 7: \d+ is kept",
    ),
    "law 8: today is the date in Greenwich": (
        yesterday_is_asked_for, (hold_stay, "local_date", lambda now, _: now.date()), "accepted and not dates.past",
    ),
    "law 10: holds are not counted": (
        a_guest_holds_everything, (Holder, "count", lambda holder, **count: COUNT(holder, **(count | {"live": 0, "tried": 0}))),
        "accepted and not holder.too_many_holds",
    ),
}  # fmt: skip
DEAF = {
    "law 1: a held room-night counts as free": "law 2: .* before its time was over",
    "law 1: a booked room-night counts as free": "is booked by .* and was hold-released",
    "law 1: whoever confirms has the room": "law 1: .* was booked for",
}
"""What the log itself shows, when nobody compares answers."""


@pytest.fixture
def hotel() -> Iterator[HotelMachine]:
    machine = HotelMachine()
    machine.open_the_hotel()
    yield machine
    machine.teardown()


@pytest.mark.parametrize("story", dict.fromkeys(story for story, _, _ in GUARDS.values()), ids=lambda story: story.__name__)
def test_with_its_guards_the_hotel_obeys_every_law(hotel: HotelMachine, story: Story) -> None:
    happens(story, hotel)


@pytest.mark.parametrize("guard", GUARDS)
def test_control_without_a_guard_somebody_notices(hotel: HotelMachine, guard: str) -> None:
    story, damage, said = GUARDS[guard]
    with method(*damage), pytest.raises(AssertionError, match=said):
        happens(story, hotel)


@pytest.mark.parametrize("guard", DEAF)
def test_control_the_log_alone_shows_it(guard: str) -> None:
    story, damage, _ = GUARDS[guard]
    machine = Deaf()
    machine.open_the_hotel()
    try:
        with method(*damage), pytest.raises(AssertionError, match=DEAF[guard]):
            happens(story, machine)
    finally:
        machine.teardown()


def test_control_an_allocation_that_rounds_down_loses_a_unit() -> None:
    """Law 4: the law's own test must fail on an allocation without largest remainders."""
    from tests.property import test_money  # noqa: PLC0415 - its test is run here, not collected twice

    def rounded_down(amount: Money, weights: list[int]) -> list[Money]:
        return [Money(amount.amount_minor * weight // sum(weights), amount.currency) for weight in weights]

    with patch.object(Money, "allocate", rounded_down), pytest.raises(AssertionError):
        test_money.test_an_allocation_sums_to_the_whole()


def test_control_without_the_comparison_dollars_and_rupees_add_up() -> None:
    """Law 4."""
    with patch.object(Money, "_same", lambda *_: None):
        assert Money(1, "USD") + Money(1, "LKR") == Money(2, "USD")
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "USD") + Money(1, "LKR")
