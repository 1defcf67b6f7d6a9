"""What a type has to give from each date on, beside the same counted naively, room by room and night by night.

Nights change in batches of any size; what was written to a store of bytes must be what a fresh count gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.stay_dates import LONGEST_STAY_NIGHTS
from projections.from_date import MOST_ROOMS, PACKING, FromDate, unpacked
from projections.house_nights import Changes, HouseNights, Unplaced, bits_of

DAYS = 60
FAR = LONGEST_STAY_NIGHTS + 40
HOUSE = {
    "lake": ["l1", "l2", "l3"], "villa": ["v1"], "hall": [f"h{number:02d}" for number in range(12)],
    "suite": ["l1+l2", "x1+x2"],
}  # fmt: skip
"""A suite is two rooms: the first of two that are sold alone as well, the second of two that are not."""
ROOMS = sorted({door for of_type in HOUSE.values() for room in of_type for door in room.split("+")})
Batches = list[Changes]

near = st.integers(0, DAYS - 1)
days = near | st.integers(DAYS, FAR)
nights = st.tuples(st.sampled_from(ROOMS), days)
stays = st.builds(
    lambda room, first, length, taken: {(room, first + night): taken for night in range(length)},
    st.sampled_from(ROOMS), days, st.integers(1, 20), st.booleans(),
)  # fmt: skip
whole_type = st.builds(
    lambda kind, day, taken: {(door, day): taken for room in HOUSE[kind] for door in room.split("+")},
    st.sampled_from(sorted(HOUSE)),
    near,
    st.booleans(),
)
batches = st.lists(st.dictionaries(nights, st.booleans(), max_size=30) | stays | whole_type, max_size=8)


class Store:
    """Keeps keys as Redis would, so far as these commands go."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, ...], bytes] = {}
        self.bits: dict[str, set[int]] = {}

    def run(self, writes: Iterable[Unplaced]) -> None:
        for write in writes:
            match write:
                case ("SET", key, str(text)):
                    self.texts[key] = text.encode()
                case ("SET", ("room", room), bytes(raw)):
                    self.bits[room] = {day for day in range(8 * len(raw)) if bits_of(raw) >> day & 1}
                case ("DEL", key):
                    self.texts.pop(key, None)
                case ("SETRANGE", key, str(begin), bytes(raw)):
                    before = self.texts.get(key, b"").ljust(int(begin), b"\0")
                    self.texts[key] = before[: int(begin)] + raw + before[int(begin) + len(raw) :]
                case ("SETBIT", ("room", room), str(bit), str(value)):
                    taken = self.bits.setdefault(room, set())
                    (taken.add if value == "1" else taken.discard)(int(bit))
                case _:
                    raise AssertionError(write)

    def numbers(self, kind: str, rooms: int) -> list[FromDate]:
        return unpacked(rooms, self.texts.get(("from", kind), b"").rstrip(b"\0").ljust((FAR + 30) * PACKING.size, b"\0"))


def naive_runs(is_open: list[bool]) -> list[int]:
    """Count for each day the days from it on that are open, up to the longest stay."""
    runs = [LONGEST_STAY_NIGHTS]
    for day in reversed(is_open):
        runs.append(min(LONGEST_STAY_NIGHTS, runs[-1] + 1) if day else 0)
    return runs[:0:-1]


def check(store: Store, house: dict[str, list[str]]) -> None:
    """Compare what is written with a naive count, at some days and lengths."""
    every = range(FAR + 30)
    for kind, rooms in house.items():
        doors = [[store.bits.get(door, set()) for door in room.split("+")] for room in rooms]
        free = [[not any(day in taken for taken in of_room) for day in every] for of_room in doors]
        assert [store.bits.get(room, set()) for room in rooms] == [set().union(*of_room) for of_room in doors]
        runs = [naive_runs(room) for room in free]
        count = [sum(room[day] for room in free) for day in every]
        of_the_house = [naive_runs([left >= wanted for left in count]) for wanted in range(1, min(MOST_ROOMS, len(rooms)) + 1)]
        told = store.numbers(kind, len(rooms))
        for day in every[::3]:
            numbers = told[day]
            longest = max(room[day] for room in runs)
            assert (numbers.free, numbers.longest) == (count[day], longest)
            for nights in (1, 7, max(1, longest), min(LONGEST_STAY_NIGHTS, longest + 1)):
                assert numbers.sure(nights) == min(MOST_ROOMS, sum(room[day] >= nights for room in runs))
                assert numbers.at_most(nights) == sum(run[day] >= nights for run in of_the_house)


@given(batches)
def test_the_numbers_are_what_a_naive_count_gives(changes: Batches) -> None:
    house, store = HouseNights(), Store()
    store.run(house.define(HOUSE))
    for batch in changes:
        store.run(house.take(batch))
    check(store, HOUSE)


@given(batches)
def test_batches_may_be_cut_anywhere(changes: Batches) -> None:
    """One batch for everything, one for each night, and the house read back in between: the same bytes in the end."""
    at_once, one_by_one = HouseNights(HOUSE), HouseNights(HOUSE)
    together, apart = Store(), Store()
    together.run(at_once.take({night: taken for batch in changes for night, taken in batch.items()}))
    for batch in changes:
        for night, taken in batch.items():
            apart.run(one_by_one.take({night: taken}))
        one_by_one = HouseNights(HOUSE, {room: sum(1 << day for day in bits) for room, bits in apart.bits.items()})
    for kind, rooms in HOUSE.items():
        assert together.numbers(kind, len(rooms)) == apart.numbers(kind, len(rooms))
    assert {room: bits for room, bits in together.bits.items() if bits} == {
        room: bits for room, bits in apart.bits.items() if bits
    }


@given(batches, batches)
def test_a_house_may_gain_rooms_and_types(before: Batches, after: Batches) -> None:
    small = {"lake": HOUSE["lake"][1:], "hall": HOUSE["hall"][::2], "suite": ["x1+x2"]}
    house, store = HouseNights(), Store()
    store.run(house.define(small))
    known = {door for of_type in small.values() for room in of_type for door in room.split("+")}
    for batch in before:
        store.run(house.take({(room, day): taken for (room, day), taken in batch.items() if room in known}))
    check(store, small)
    store.run(house.define(HOUSE))
    for batch in after:
        store.run(house.take(batch))
    assert json.loads(store.texts["rooms",]) == HOUSE
    check(store, HOUSE)


def test_nothing_is_written_where_nothing_changes() -> None:
    house = HouseNights(HOUSE)
    assert house.take({("l1", 5): True})
    assert house.take({("l1", 5): True}) == []
    assert house.take({("l2", 5): False}) == []


def test_only_dates_that_can_change_are_written() -> None:
    """A room that is free all year among twelve changes its own night only; the last free one every date before."""
    house = HouseNights(HOUSE)
    assert numbers_of(house.take({("h00", 500): True})) == [(500, 1)]
    house.take({("v1", 490): True})
    assert numbers_of(house.take({("v1", 500): True})) == [(491, 10)]


def numbers_of(writes: Iterable[Unplaced]) -> list[tuple[int, int]]:
    """Give (first date, dates) of the numbers that are written."""
    return [
        (int(begin) // PACKING.size, len(raw) // PACKING.size)
        for verb, _, begin, raw in (write for write in writes if len(write) == 4)
        if verb == "SETRANGE"
    ]


@pytest.mark.parametrize("nights", [1, 364, 365])
@pytest.mark.parametrize("rooms", [1, 9, 12])
def test_a_free_house_takes_any_stay(rooms: int, nights: int) -> None:
    (numbers,) = unpacked(rooms, bytes(PACKING.size))
    assert numbers.sure(nights) == numbers.at_most(nights) == min(rooms, MOST_ROOMS)


def test_a_type_without_rooms_has_nothing_to_give() -> None:
    (numbers,) = unpacked(0, bytes(PACKING.size))
    assert (numbers.free, numbers.longest, numbers.sure(1), numbers.at_most(1)) == (0, 0, 0, 0)
