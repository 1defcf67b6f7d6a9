"""Making room, against an oracle that tries everything: found exactly when there is a way, and with the fewest moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from msgspec.structs import replace as replaced

from commands.assignment import Lodged, Wanted
from commands.reshuffle import FEWEST_UP_TO, Plan, make_room
from tests.conftest import PROFILE
from tests.property.small_hotels import Guest, SmallHotel, every_night_has_a_room, fewest_moves, is_right, small_hotels

HOTELS = 5000 if PROFILE == "nightly" else 500
seen: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """Print what the hotels were like, and how often the search with promised rooms missed a way."""
    seen.clear()
    yield
    print("\nreshuffle:", ", ".join(f"{what} {count}" for what, count in sorted(seen.items())))


def note(what: str) -> None:
    seen[what] += 1
    event(what)


def plan_for(hotel: SmallHotel) -> Plan | None:
    lodged = [Lodged(place, guest.room or 0, guest.first, guest.end, guest.stays) for place, guest in enumerate(hotel.lodged)]
    return make_room(hotel.rooms, lodged, [Wanted(guest.first, guest.end) for guest in hotel.wanted])


def moves_of(plan: Plan) -> dict[int, int]:
    return {key: room for key, room in plan.moves.items() if isinstance(key, int)}


@settings(max_examples=HOTELS)
@given(small_hotels(some_stay=False))
def test_without_promises_a_way_is_found_exactly_when_there_is_one_and_with_fewest_moves(hotel: SmallHotel) -> None:
    plan, fewest = plan_for(hotel), fewest_moves(hotel)
    assert (plan is not None) == (fewest is not None) == every_night_has_a_room(hotel)
    note(f"free: fewest moves {fewest}")
    if plan is not None and fewest is not None:
        assert is_right(hotel, plan.rooms, moves_of(plan))
        assert len(plan.moves) == fewest if fewest <= FEWEST_UP_TO else len(plan.moves) >= fewest


@settings(max_examples=HOTELS)
@given(small_hotels(some_stay=True))
def test_with_promises_what_is_found_is_right_and_few_moves_are_never_missed(hotel: SmallHotel) -> None:
    plan, fewest = plan_for(hotel), fewest_moves(hotel)
    if plan is None:
        note("promised: no way" if fewest is None else "promised: missed")
        assert fewest is None or fewest > FEWEST_UP_TO
        return
    note("promised: found")
    assert is_right(hotel, plan.rooms, moves_of(plan))
    assert fewest is not None
    assert len(plan.moves) == fewest if fewest <= FEWEST_UP_TO else len(plan.moves) >= fewest


@pytest.mark.parametrize("rooms", [2, 3, FEWEST_UP_TO + 1, FEWEST_UP_TO + 2, 12])
def test_a_chain_longer_than_the_search_looks_is_solved_by_a_sweep(rooms: int) -> None:
    """Each room has one free night, every room another one: a stay over all nights fits when all others close up."""
    lodged = [Guest(0, night, night) for night in range(1, rooms)] + [
        Guest(night + 1, rooms, night) for night in range(rooms - 1)
    ]
    hotel = SmallHotel(rooms, tuple(lodged), (Guest(0, rooms),))
    plan = plan_for(hotel)
    assert plan is not None
    assert is_right(hotel, plan.rooms, moves_of(plan))
    assert len(plan.moves) >= rooms - 1
    if rooms - 1 <= FEWEST_UP_TO:
        assert len(plan.moves) == rooms - 1


def test_a_promised_room_in_the_way_is_never_broken() -> None:
    """Two rooms, the free nights crosswise; with one guest promised to stay the other still moves, with both nobody does."""
    early, late = Guest(0, 2, 0), Guest(2, 4, 1)
    crossed = SmallHotel(2, (early, late), (Guest(0, 4),))
    plan = plan_for(replace(crossed, lodged=(replace(early, stays=True), late)))
    assert plan == Plan((1,), {1: 0})
    assert plan_for(replace(crossed, lodged=(replace(early, stays=True), replace(late, stays=True)))) is None


def test_a_new_stay_that_must_have_certain_rooms_gets_one_of_them() -> None:
    taken, room_for_it = Lodged("guest", 0, 0, 3), Wanted(1, 2, frozenset({0}))
    assert make_room(3, [taken], [room_for_it]) == Plan((0,), {"guest": 1})
    assert make_room(3, [replaced(taken, fixed=True)], [room_for_it]) is None
