"""Making room for stays that must have certain rooms, against the oracle that tries everything: others move out of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from commands.assignment import Lodged, Wanted
from commands.reshuffle import FEWEST_UP_TO, make_room
from tests.conftest import PROFILE
from tests.property.small_hotels import SmallHotel, fewest_moves, is_right, small_hotels

HOTELS = 5000 if PROFILE == "nightly" else 500


@dataclass(frozen=True)
class Asked:
    """A small hotel, and for each of those who want a room the one they must have, None for any."""

    hotel: SmallHotel
    rooms: tuple[int | None, ...]


@st.composite
def asked(draw: st.DrawFn, *, some_stay: bool) -> Asked:
    hotel = draw(small_hotels(some_stay=some_stay))
    certain = st.integers(0, hotel.rooms - 1)
    rest = [draw(st.one_of(certain, st.none())) for _ in hotel.wanted[1:]]
    return Asked(hotel, (draw(certain), *rest))


def check(case: Asked) -> None:
    """Compare with the oracle, to which whoever must have a room is a guest who has it and stays."""
    hotel, rooms = case.hotel, case.rooms
    lodged = [Lodged(place, guest.room or 0, guest.first, guest.end, guest.stays) for place, guest in enumerate(hotel.lodged)]
    wanted = [
        Wanted(guest.first, guest.end, None if room is None else frozenset({room}))
        for guest, room in zip(hotel.wanted, rooms, strict=True)
    ]
    placed = tuple(
        replace(guest, room=room, stays=room is not None) for guest, room in zip(hotel.wanted, rooms, strict=True)
    )  # fmt: skip
    fewest = fewest_moves(replace(hotel, wanted=placed))
    plan = make_room(hotel.rooms, lodged, wanted)
    event("no way" if fewest is None else "missed" if plan is None else f"found with {min(fewest, 5)} moves")
    if plan is None:
        assert fewest is None or fewest > FEWEST_UP_TO
        return
    assert is_right(hotel, plan.rooms, {key: room for key, room in plan.moves.items() if isinstance(key, int)})
    assert all(must in {None, room} for must, room in zip(rooms, plan.rooms, strict=True))
    assert fewest is not None
    assert len(plan.moves) == fewest if fewest <= FEWEST_UP_TO else len(plan.moves) >= fewest


@settings(max_examples=HOTELS)
@given(asked(some_stay=False))
def test_a_certain_room_is_given_whenever_few_moves_free_it(case: Asked) -> None:
    check(case)


@settings(max_examples=HOTELS)
@given(asked(some_stay=True))
def test_with_promises_a_certain_room_is_given_whenever_few_moves_free_it(case: Asked) -> None:
    check(case)
