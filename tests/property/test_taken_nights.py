"""Free rooms told from one number, against the plain definition: look at each night of each room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.stay_dates import StayDates
from projections.house_nights import bitmap_of, bits_of
from queries.taken_nights import MARGIN_NIGHTS, TakenNights

FIRST = date(2027, 1, 1)


@dataclass(frozen=True)
class Case:
    """Rooms as lists of nights (True is taken), from FIRST on, and a stay that begins on one of them."""

    rooms: tuple[tuple[bool, ...], ...]
    arrival: int
    nights: int

    @property
    def dates(self) -> StayDates:
        return StayDates(FIRST + timedelta(days=self.arrival), FIRST + timedelta(days=self.arrival + self.nights))

    @property
    def taken(self) -> TakenNights:
        stride = len(self.rooms[0])
        bits = [night for room in self.rooms for night in room]
        return TakenNights(
            tuple(f"r{number}" for number in range(len(self.rooms))), FIRST, stride,
            sum(1 << place for place, night in enumerate(bits) if night),
        )  # fmt: skip

    @property
    def free(self) -> list[int]:
        return [number for number, room in enumerate(self.rooms) if not any(room[self.arrival : self.arrival + self.nights])]

    def spare(self, number: int) -> int:
        """Count the free nights on both sides of the stay, night by night."""
        room = self.rooms[number]
        before = list(reversed(room[max(0, self.arrival - MARGIN_NIGHTS) : self.arrival]))
        after = room[self.arrival + self.nights : self.arrival + self.nights + MARGIN_NIGHTS]
        return sum((*before, True).index(True) if True in before else MARGIN_NIGHTS for before in (before, list(after)))


@st.composite
def cases(draw: st.DrawFn, margin: int = 0) -> Case:
    """Draw rooms whose nights reach at least to the date of departure, and `margin` nights beyond the stay on both sides."""
    arrival = draw(st.integers(margin, margin + 12))
    nights = draw(st.integers(1, 40))
    stride = arrival + nights + draw(st.integers(max(1, margin), margin + 9))
    crowded = draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))
    room = st.lists(st.floats(0, 1, exclude_max=True).map(lambda drawn: drawn < crowded), min_size=stride, max_size=stride)
    return Case(tuple(map(tuple, draw(st.lists(room, min_size=1, max_size=12)))), arrival, nights)


@given(cases())
def test_rooms_are_told_apart(case: Case) -> None:
    nights = [[bool(bits >> night & 1) for night in range(len(case.rooms[0]))] for _, bits in case.taken.by_room()]
    assert nights == [list(room) for room in case.rooms]
    assert [room for room, _ in case.taken.by_room()] == list(case.taken.rooms)


@given(cases(), st.integers(0, 30), st.integers(0, 12))
@example(Case(((False, False, True), (True, True, False)), 0, 2), 0, 1)
def test_only_free_rooms_are_proposed_and_each_once(case: Case, begin: int, most: int) -> None:
    best = case.taken.best(case.dates, begin, most)
    assert len(best) == len(set(best)) == min(most, len(case.free))
    assert set(best) <= {f"r{number}" for number in case.free}


@given(cases(margin=MARGIN_NIGHTS), st.integers(0, 30))
def test_the_tightest_fit_comes_first_and_equals_from_the_place_on(case: Case, begin: int) -> None:
    ordered = sorted(case.free, key=lambda number: (case.spare(number), (number - begin) % len(case.rooms)))
    assert case.taken.best(case.dates, begin, len(case.rooms)) == tuple(f"r{number}" for number in ordered)


@given(st.binary(min_size=1, max_size=60))
def test_the_highest_bit_of_the_first_byte_is_the_first_night(raw: bytes) -> None:
    nights = [bool(byte >> 7 - bit & 1) for byte in raw for bit in range(8)]
    assert [bool(bits_of(raw) >> night & 1) for night in range(len(nights))] == nights
    assert bits_of(bitmap_of(bits_of(raw))) == bits_of(raw)
