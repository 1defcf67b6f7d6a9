"""What a process keeps folded is current as of one position; a batch works on copies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from ledger.command import Unread
from ledger.event import Event
from ledger.folded import Folded, OtherKind, Working
from ledger.log import Reading, Row
from ledger.unreadable import CorruptEvent
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
    folds.take(reading(*rows), fresh)
    return folds


def reading(*rows: Row, news: Sequence[Row] = ()) -> Reading:
    """Give what is read when `rows` are the whole of the fresh streams and, with `news`, all that is new."""
    new = [*rows, *news]
    return Reading(
        rows=list(rows), news=[(row.stream.int, row.version) for row in new],
        head=max((row.position for row in new), default=0), recorded_at=max((row.recorded_at for row in new), default=None),
        outcomes={},
    )  # fmt: skip


def book(working: Working) -> None:
    working.opened([NIGHT])[0].apply(RoomNight, BOOKED)


def state(working: Working, stream: UUID = NIGHT) -> tuple[int, str]:
    return working.version(stream), working.get(RoomNight, stream).state


def test_a_reading_is_folded_in_order() -> None:
    folds = folded(row(1, NIGHT, 1, HELD), row(5, NIGHT, 2, BOOKED))
    assert state(Working(folds, {})) == (2, "booked")
    assert folds.position == 5
    assert folds.recorded_at == NOW + timedelta(seconds=5)


def test_a_stream_to_which_nothing_happened_is_empty_and_known() -> None:
    assert state(Working(folded(), {})) == (0, "free")


def test_streams_nobody_asked_for_are_passed_over_but_seen() -> None:
    folds = folded()
    folds.take(reading(news=[row(1, OTHER, 1, HELD)]), ())
    assert OTHER not in folds
    assert folds.position == 1


def test_what_moved_since_is_forgotten_and_read_again() -> None:
    folds = folded(row(1, NIGHT, 1, HELD), fresh=(NIGHT, OTHER))
    folds.take(reading(news=[row(2, NIGHT, 2, BOOKED)]), ())
    assert NIGHT not in folds
    assert OTHER in folds
    folds.take(reading(row(1, NIGHT, 1, HELD), row(2, NIGHT, 2, BOOKED)), [NIGHT])
    assert state(Working(folds, {})) == (2, "booked")


def test_news_that_are_known_already_change_nothing() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    folds.take(reading(news=[row(1, NIGHT, 1, HELD)]), ())
    assert state(Working(folds, {})) == (1, "held")


def test_an_event_that_cannot_be_read_closes_its_stream_and_no_other() -> None:
    damaged = replace(row(1, NIGHT, 1, HELD), payload=b"{")
    folds = folded(damaged, row(2, NIGHT, 2, BOOKED), row(3, OTHER, 1, HELD), fresh=(NIGHT, OTHER))
    working = Working(folds, {})
    assert state(working, OTHER) == (1, "held")
    for ask in (
        lambda: working.get(RoomNight, NIGHT), lambda: working.version(NIGHT), lambda: working.opened([NIGHT])
    ):  # fmt: skip
        with pytest.raises(CorruptEvent, match="position 1 "):
            ask()


def test_what_was_appended_before_a_later_reading_is_forgotten() -> None:
    """The reading was quicker than the answer to the append, and may have seen more of these streams."""
    folds = folded(row(1, NIGHT, 1, HELD))
    folds.take(reading(news=[row(5, OTHER, 3, HELD)]), ())
    working = Working(folds, {})
    book(working)
    folds.settle({**working.changed, OTHER.int: working.changed[NIGHT.int]}, 1, 2, NOW)
    assert NIGHT not in folds
    assert OTHER not in folds
    assert folds.position == 5


def test_a_closed_stream_that_moved_is_read_again() -> None:
    damaged = replace(row(1, NIGHT, 1, HELD), payload=b"{")
    folds = folded(damaged)
    folds.take(reading(news=[row(1, NIGHT, 1, HELD)]), ())
    assert NIGHT in folds
    folds.take(reading(news=[row(2, NIGHT, 2, BOOKED)]), ())
    assert NIGHT not in folds


def test_what_was_not_read_is_unread() -> None:
    working = Working(folded(), {})
    for ask in (
        lambda: working.get(RoomNight, OTHER),
        lambda: working.version(OTHER),
        lambda: working.require([NIGHT, OTHER]),
        lambda: working.opened([NIGHT, OTHER]),
    ):
        with pytest.raises(Unread) as unread:
            ask()
        assert unread.value.streams == (OTHER,)


def test_a_stream_of_another_kind_is_refused() -> None:
    with pytest.raises(OtherKind, match="is not the id of a reservation: check the id"):
        Working(folded(row(1, NIGHT, 1, HELD)), {}).get(Reservation, NIGHT)


def test_work_is_done_on_copies() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    working = Working(folds, {})
    book(working)
    assert state(working) == (2, "booked")
    assert state(Working(folds, {})) == (1, "held"), "another batch must not see what was not appended"


def test_appended_work_is_taken_over() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    working = Working(folds, {})
    book(working)
    folds.settle(working.changed, 1, 2, NOW + timedelta(hours=1))
    assert state(Working(folds, {})) == (2, "booked")
    assert (folds.position, folds.recorded_at) == (2, NOW + timedelta(hours=1))


def test_when_others_wrote_in_between_their_events_are_read_next() -> None:
    folds = folded(row(1, NIGHT, 1, HELD), fresh=(NIGHT, OTHER))
    working = Working(folds, {})
    book(working)
    folds.settle(working.changed, 2, 3, NOW + timedelta(hours=1))
    assert folds.position == 1, "position 2 is somebody else's and not read yet"
    folds.take(reading(news=[row(2, OTHER, 1, HELD), row(3, NIGHT, 2, BOOKED)]), ())
    assert state(Working(folds, {})) == (2, "booked"), "our own event is no news"
    assert OTHER not in folds
    assert folds.position == 3


def test_those_read_first_are_forgotten_first() -> None:
    streams = [named(str(number)) for number in range(4)]
    folds = folded(fresh=tuple(streams), most_kept=2)
    folds.forget_some()
    assert [stream in folds for stream in streams] == [False, False, True, True]


def test_starting_afresh_forgets_all() -> None:
    folds = folded(row(1, NIGHT, 1, HELD))
    folds.start_at(40)
    assert NIGHT not in folds
    assert folds.position == 40


def test_time_as_the_log_tells_it_never_runs_backwards() -> None:
    folds = folded(row(9, NIGHT, 1, HELD))
    folds.reached(3, NOW)
    assert (folds.position, folds.recorded_at) == (9, NOW + timedelta(seconds=9))
