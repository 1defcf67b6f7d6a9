"""The stays that clients draw: all different but for the few that are meant to be taken, and the same whoever draws them."""

from __future__ import annotations

from datetime import date
from itertools import islice

import pytest

from ops.bench.draws import LEAD_DAYS, STAY_NIGHTS, TAKEN_EVERY, Draws, guest_of

FIRST = date(2126, 3, 1)


def drawn(draws: Draws, count: int) -> list[tuple[int, date]]:
    return [(draw.room, draw.arrival) for draw in islice(draws, count)]


@pytest.mark.parametrize("rooms", [1, 20, 2000])
def test_stays_repeat_only_where_one_is_meant_to_be_taken(rooms: int) -> None:
    count = min(5000, rooms * (LEAD_DAYS // STAY_NIGHTS))
    stays = drawn(Draws(rooms, FIRST), count)
    assert len(set(stays)) == count - count // TAKEN_EVERY
    assert all(0 <= room < rooms and 0 <= (arrival - FIRST).days < LEAD_DAYS for room, arrival in stays)


def test_stays_never_overlap_in_part() -> None:
    assert {(arrival - FIRST).days % STAY_NIGHTS for _, arrival in drawn(Draws(50, FIRST), 2000)} == {0}


def test_the_processes_together_draw_what_one_would() -> None:
    whole = Draws(2000, FIRST)
    parts = [drawn(whole.part(place, 3), 100) for place in range(3)]
    assert [stay for turn in zip(*parts, strict=True) for stay in turn] == drawn(whole, 300)


def test_what_was_drawn_is_not_drawn_again() -> None:
    whole = Draws(2000, FIRST)
    assert drawn(whole.after(99), 50) == drawn(whole, 150)[100:]


def test_a_draw_is_the_same_whenever_it_is_asked_for() -> None:
    draws = Draws(2000, FIRST)
    assert [draws.draw(number) for number in range(20)] == list(islice(draws, 20))
    assert guest_of(7) == guest_of(7) != guest_of(8)
