"""What a process keeps folded is current as of one position; a batch works on copies."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from ledger.command import Unread
from ledger.event import Event
from ledger.folded import Folded, OtherKind, Working
from ledger.log import Row
from tests.examples import HELD_UNTIL, NOW, named
from tests.reception import CATALOGUE

NIGHT, OTHER, STAY = named("night"), named("other"), named("stay")
HELD = RoomNight.HoldRequested(
    room="g1", stay_date=date(2126, 3, 10), stay_id=STAY, reservation_id=named("r"), held_until=HELD_UNTIL
)  # fmt: skip
BOOKED = RoomNight.BookingConfirmed(room="g1", stay_date=date(2126, 3, 10), stay_id=STAY)


def row(position: int, stream: UUID, version: int, event: Event) -> Row:
    return Row(
        position, stream, version, event.topic, CATALOGUE.encode(event), NOW, NOW + timedelta(seconds=position),
        named("c"), 0, 1, None, None, "test", None,
    )  # fmt: skip


def folded(*rows: Row, fresh: tuple[UUID, ...] = (NIGHT,), most_kept: int = 10) -> Folded:
    folds = Folded(CATALOGUE, most_kept)
    folds.take(rows, fresh)
    return folds


def state(working: Working, stream: UUID = NIGHT) -> tuple[int, str]:
    return working.version(stream), working.get(RoomNight, stream).state


def test_a_reading_is_folded_in_order() -> None:
    folds = folded(row(1, NIGHT, 1, HELD), row(5, NIGHT, 2, BOOKED))
    assert state(Working(folds, CATALOGUE)) == (2, "booked")
    assert folds.position == 5
    assert folds.recorded_at == NOW + timedelta(seconds=5)


def test_a_stream_to_which_nothing_happened_is_empty_and_known() -> None:
    assert state(Working(folded(), CATALOGUE)) == (0, "free")


def test_streams_nobody_asked_for_are_passed_over_but_seen() -> None:
    folds = folded(row(1, OTHER, 1, HELD))
    assert OTHER not in folds
    assert folds.position == 1


def test_the_next_reading_brings_kept_streams_up_to_date() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    folds.take([row(2, NIGHT, 2, BOOKED)], ())
    assert state(Working(folds, CATALOGUE)) == (2, "booked")


def test_an_event_read_twice_counts_once() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    folds.take([row(1, NIGHT, 1, HELD), row(2, NIGHT, 2, BOOKED)], ())
    assert state(Working(folds, CATALOGUE)) == (2, "booked")


def test_what_was_not_read_is_unread() -> None:
    working = Working(folded(), CATALOGUE)
    for ask in (
        lambda: working.get(RoomNight, OTHER),
        lambda: working.version(OTHER),
        lambda: working.require([NIGHT, OTHER]),
        lambda: working.apply(OTHER, HELD),
    ):
        with pytest.raises(Unread) as unread:
            ask()
        assert unread.value.streams == (OTHER,)


def test_a_stream_of_another_kind_is_refused() -> None:
    with pytest.raises(OtherKind, match="is not the id of a reservation: check the id"):
        Working(folded(row(1, NIGHT, 1, HELD)), CATALOGUE).get(Reservation, NIGHT)


def test_work_is_done_on_copies() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    working = Working(folds, CATALOGUE)
    assert working.apply(NIGHT, BOOKED) == 2
    assert state(working) == (2, "booked")
    assert state(Working(folds, CATALOGUE)) == (1, "held"), "another batch must not see what was not appended"


def test_appended_work_is_taken_over() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    working = Working(folds, CATALOGUE)
    working.apply(NIGHT, BOOKED)
    folds.settle(working.changed, 1, 2, NOW + timedelta(hours=1))
    assert state(Working(folds, CATALOGUE)) == (2, "booked")
    assert (folds.position, folds.recorded_at) == (2, NOW + timedelta(hours=1))


def test_when_others_wrote_in_between_their_events_are_read_next() -> None:
    folds = folded(row(1, NIGHT, 1, HELD), fresh=(NIGHT, OTHER))
    working = Working(folds, CATALOGUE)
    working.apply(NIGHT, BOOKED)
    folds.settle(working.changed, 2, 3, NOW + timedelta(hours=1))
    assert folds.position == 1, "position 2 is somebody else's and not read yet"
    folds.take([row(2, OTHER, 1, HELD), row(3, NIGHT, 2, BOOKED)], ())
    assert state(Working(folds, CATALOGUE)) == (2, "booked")
    assert state(Working(folds, CATALOGUE), OTHER) == (1, "held")
    assert folds.position == 3


def test_the_least_recently_read_are_forgotten() -> None:
    streams = [named(str(number)) for number in range(4)]
    folds = folded(fresh=tuple(streams), most_kept=2)
    Working(folds, CATALOGUE).get(RoomNight, streams[0])
    folds.forget_some()
    assert [stream in folds for stream in streams] == [True, False, False, True]


def test_starting_afresh_forgets_all() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    folds.start_at(40)
    assert NIGHT not in folds
    assert folds.position == 40


def test_time_as_the_log_tells_it_never_runs_backwards() -> None:
    folds = folded(row(9, NIGHT, 1, HELD))
    folds.reached(3, NOW)
    assert (folds.position, folds.recorded_at) == (9, NOW + timedelta(seconds=9))
