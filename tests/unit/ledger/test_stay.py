"""A stay as it is folded: its rooms by night through changes and moves, its state, and what is owed for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from ledger.stay import DERIVED, LiveStay, StayState, all_in, as_held, moved, rebooked, state_of
from ledger.stay_dates import StayDates
from tests.examples import ARRIVAL, named, price, stay, usd

STAY = stay("r", nights=4)


def day(number: int) -> date:
    return ARRIVAL + timedelta(days=number)


def rooms(live: LiveStay) -> str:
    """Write the rooms of all nights in a row, without the letter they share."""
    return "".join(live.room_on(night).removeprefix("g") for night in live.booked.dates)


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([], "1111"),
        ([(0, "g2")], "2222"),
        ([(2, "g2")], "1122"),
        ([(3, "g2")], "1112"),
        ([(2, "g2"), (0, "g3")], "3322"),
        ([(2, "g2"), (1, "g3")], "1322"),
        ([(2, "g2"), (2, "g3")], "1133"),
        ([(2, "g2"), (2, "g1")], "1111"),
        ([(2, "g2"), (0, "g2")], "2222"),
        ([(1, "g2"), (2, "g3"), (1, "g4")], "1433"),
    ],
)
def test_a_move_counts_up_to_the_next_change_of_room(moves: list[tuple[int, str]], expected: str) -> None:
    live = as_held(STAY)
    for number, room in moves:
        live = moved(live, day(number), room)
    assert rooms(live) == expected
    assert live.booked.room == f"g{expected[-1]}", "the room of the last night"
    assert all(before[1] != after[1] for before, after in zip(live.segments, live.segments[1:], strict=False))


SPLIT = moved(as_held(STAY), day(2), "g2")


@pytest.mark.parametrize(("night", "room"), [(-1, "g1"), (0, "g1"), (1, "g1"), (2, "g2"), (3, "g2"), (4, "g2")])
def test_before_arrival_it_is_the_first_room_and_after_departure_the_last(night: int, room: str) -> None:
    assert SPLIT.room_on(day(night)) == room


@pytest.mark.parametrize(
    ("arrival", "departure", "room", "expected"),
    [
        (0, 5, "g2", "11222"),
        (-1, 4, "g2", "11122"),
        (1, 4, "g2", "122"),
        (2, 4, "g2", "22"),
        (3, 6, "g2", "222"),
        (0, 3, "g2", "112"),
        (0, 2, "g1", "11"),
        (0, 2, "g2", "22"),
        (0, 5, "g3", "33333"),
        (6, 8, "g2", "22"),
        (-4, -2, "g1", "11"),
        (-4, -2, "g3", "33"),
    ],
)
def test_rooms_stay_where_the_last_one_stays(arrival: int, departure: int, room: str, expected: str) -> None:
    dates = StayDates(day(arrival), day(departure))
    live = rebooked(SPLIT, replace(SPLIT.booked, dates=dates, room=room))
    assert rooms(live) == expected
    assert live.segments[0][0] == dates.arrival


def test_a_villa_of_several_rooms_has_them_all_each_night() -> None:
    live = as_held(replace(STAY, room="v1+v2", dates=StayDates(day(0), day(2))))
    assert list(live.nights()) == [(day(0), "v1"), (day(0), "v2"), (day(1), "v1"), (day(1), "v2")]


@pytest.mark.parametrize("state", get_args(StayState))
def test_who_has_nights_and_owes_what_in_each_state(state: StayState) -> None:
    live = replace(as_held(STAY), state=state, fee=usd(7), extras=usd(30))
    sold = state in {"held", "confirmed", "checked_in", "checked_out"}
    assert len(list(live.nights())) == (4 if sold else 0)
    assert live.is_live == (sold and state != "checked_out")
    assert live.owed == (live.booked.price.total if sold else usd(7)) + usd(30)


def test_every_state_of_a_stay_gives_one_of_a_reservation_and_the_liveliest_wins() -> None:
    assert {state for state, _ in DERIVED} == set(get_args(StayState))
    assert state_of([]) == "none"
    stays = [replace(as_held(STAY), state=state) for state, _ in reversed(DERIVED)]
    while stays:
        assert state_of(stays) == dict(DERIVED)[stays.pop().state]


def test_what_is_said_of_all_spares_those_that_have_begun_or_were_given_up() -> None:
    stays = {named(state): replace(as_held(STAY), state=state) for state in get_args(StayState)}
    after = {key: live.state for key, live in all_in(stays, "cancelled").items()}
    assert after == {
        named(state): "cancelled" if state in {"held", "confirmed"} else state for state in get_args(StayState)
    }  # fmt: skip


def test_it_owes_its_price() -> None:
    assert as_held(STAY).owed == price(nights=4).total
