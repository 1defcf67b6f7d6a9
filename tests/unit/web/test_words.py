"""What people read of a refusal: whole words, the right number, and what to do next. Which refusal it is, others test."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.stay_events import StayCheckedIn
from commands.block_rooms import BlockRooms
from commands.cancel_reservation import CancelReservation
from commands.hold_stay import HoldStay
from ledger.command import Change
from ledger.ids import room_night_stream
from tests.examples import ARRIVAL, CODE, OPENED, confirmed, held, hold_stay, named, stay, usd
from tests.spec import given
from web.problems import MALFORMED, status_of


def blocked(room: str) -> Change:
    event = RoomNight.Blocked(room=room, stay_date=ARRIVAL, block_id=named(room), reason="group", movable=False)
    return Change(room_night_stream(CODE, room, ARRIVAL), event)


@pytest.mark.parametrize(
    ("rooms", "told"),
    [
        (["g1"], "1 stay or block in g1 cannot make way: move or cancel what is there first, or choose other nights."),
        (
            ["g1", "g2"],
            "2 stays or blocks in g1, g2 cannot make way: move or cancel what is there first, or choose other nights.",
        ),
    ],
)
def test_who_cannot_make_way_is_counted_in_words(rooms: list[str], told: str) -> None:
    asked = BlockRooms(rooms=tuple(rooms), first_night=ARRIVAL, last_night=ARRIVAL)
    refusal = given(*OPENED, *map(blocked, rooms)).when(asked).refusal
    assert refusal is not None
    assert refusal.message == told


def test_guests_in_house_are_not_cancelled_but_check_out() -> None:
    arrived = StayCheckedIn(stay_id=named("guest/g1"), room="g1", early=False, fee=usd(0))
    story = given(*OPENED, *held("guest", stay("guest")), *confirmed("guest"), Change(named("guest"), arrived))
    refusal = story.when(CancelReservation(reservation_id=named("guest"))).refusal
    assert isinstance(refusal, Reservation.NotConfirmed)
    assert refusal.message == (
        "This reservation is in house, it cannot be cancelled: check the guests out, or shorten the stay."
    )
    assert refusal.details["state"] == "in_house"


def test_day_use_of_two_dates_is_a_mistake_in_the_form_like_other_dates() -> None:
    refusal = given(*OPENED).when(hold_stay(departure=ARRIVAL + timedelta(days=2), slot="day")).refusal
    assert isinstance(refusal, HoldStay.NotOneDay)
    assert status_of(refusal) == MALFORMED
