"""Law 10: live holds are limited for each address."""

from __future__ import annotations

import pytest

from aggregates.holder import MOST_ROOM_NIGHTS, MOST_TRIES, Holder
from ledger.event import Event
from tests.examples import minutes, named


def counting(*names_and_minutes: tuple[str, int]) -> Holder:
    holder = Holder()
    for name, minute in names_and_minutes:
        holder.apply(Holder.HoldCounted(reservation_id=named(name), held_until=minutes(minute)))
    return holder


def count(**changes: int) -> Event:
    asked = {"tried": 0, "live": 0, "most": 3, "room_nights": 1, "rooms": 1} | changes
    return Holder().count(reservation_id=named("r"), held_until=minutes(15), **asked)


COUNTED = Holder.HoldCounted(reservation_id=named("r"), held_until=minutes(15))


@pytest.mark.parametrize(("live", "accepted"), [(0, True), (1, True), (2, True), (3, False), (4, False)])
def test_the_limit_is_how_many_there_may_be(live: int, *, accepted: bool) -> None:
    if accepted:
        assert count(live=live) == COUNTED
    else:
        with pytest.raises(Holder.TooManyHolds) as refused:
            count(live=live)
        assert refused.value.details == {"most": 3}


@pytest.mark.parametrize(("tried", "accepted"), [(11, True), (12, False), (13, False)])
def test_holding_and_giving_back_is_not_free(tried: int, *, accepted: bool) -> None:
    assert MOST_TRIES * 3 == 12
    if accepted:
        assert count(tried=tried) == COUNTED
    else:
        with pytest.raises(Holder.TooManyHolds) as refused:
            count(tried=tried)
        assert refused.value.details == {"most": 12}


@pytest.mark.parametrize(
    ("rooms", "room_nights", "accepted"),
    [(1, 365, True), (2, MOST_ROOM_NIGHTS - 1, True), (2, MOST_ROOM_NIGHTS, True), (2, MOST_ROOM_NIGHTS + 1, False)],
)
def test_no_guest_needs_a_season_of_the_hotel(rooms: int, room_nights: int, *, accepted: bool) -> None:
    if accepted:
        assert count(rooms=rooms, room_nights=room_nights) == COUNTED
    else:
        with pytest.raises(Holder.TooManyRoomNights) as refused:
            count(rooms=rooms, room_nights=room_nights)
        assert refused.value.details == {"most_room_nights": MOST_ROOM_NIGHTS}


@pytest.mark.parametrize(("minute", "unended"), [(9, ["a", "b"]), (10, ["b"]), (11, ["b"]), (20, [])])
def test_a_hold_ends_at_its_time(minute: int, unended: list[str]) -> None:
    holder = counting(("a", 10), ("b", 20))
    assert holder.unended(minutes(minute)) == tuple(named(name) for name in unended)
