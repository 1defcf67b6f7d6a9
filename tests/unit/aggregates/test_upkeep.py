"""How long a block may be, and which nights it has: the edges."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aggregates.upkeep import LONGEST_BLOCK_NIGHTS, RoomBlock, Upkeep
from tests.examples import ARRIVAL, named


def block(nights: int) -> RoomBlock:
    last = ARRIVAL + timedelta(days=nights - 1)
    return RoomBlock(block_id=named("b"), rooms=("g1",), first_night=ARRIVAL, last_night=last, kind="out_of_order", note="")


@pytest.mark.parametrize("nights", [1, LONGEST_BLOCK_NIGHTS - 1, LONGEST_BLOCK_NIGHTS])
def test_a_block_has_a_night_at_least_and_a_year_at_most(nights: int) -> None:
    assert Upkeep().block(block(nights), ARRIVAL) == Upkeep.RoomsBlocked(block=block(nights))


@pytest.mark.parametrize(("nights", "refusal"), [(0, Upkeep.LastBeforeFirst), (LONGEST_BLOCK_NIGHTS + 1, Upkeep.TooLong)])
def test_one_night_less_or_more_is_refused(nights: int, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        Upkeep().block(block(nights), ARRIVAL)


@pytest.mark.parametrize(
    ("begin", "days"), [(date.min, [0, 1, 2]), (ARRIVAL, [0, 1, 2]), (ARRIVAL + timedelta(days=2), [2]),
                        (ARRIVAL + timedelta(days=3), []), (ARRIVAL + timedelta(days=9), [])],
)  # fmt: skip
def test_the_nights_of_a_block_are_both_ends_and_those_between(begin: date, days: list[int]) -> None:
    assert list(block(3).nights(begin)) == [ARRIVAL + timedelta(days=day) for day in days]
    assert list(block(3).nights()) == [ARRIVAL + timedelta(days=day) for day in range(3)]
