"""Holding a room that only is free when others move: what is written, who is never moved, and what is said when nobody may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.hold_stay import HoldStay, guest_stream
from commands.making_room import NIGHTS_AFTER, NIGHTS_BEFORE
from commands.moving import Move, changes_of
from ledger.command import Change
from ledger.ids import made_by, room_night_stream
from tests.examples import ARRIVAL, CODE, HELD_UNTIL, OPENED, confirmed, held, hold_stay, minutes, named, stay
from tests.spec import Folds, Verdict, given

MINE = guest_stream(named("command"))
WHOLE = stay("whole", "g3", 4)
EARLY = stay("early", "g1", 2)
LATE = stay("late", "g2", 2, arrival=ARRIVAL + timedelta(days=2))
CROSSED = [
    *held("whole", WHOLE), *confirmed("whole", WHOLE), *held("early", EARLY), *confirmed("early", EARLY), *held("late", LATE),
]  # fmt: skip
"""g3 is full; in g1 the first two nights are booked, in g2 the last two are held."""
FOUR_NIGHTS = hold_stay(departure=ARRIVAL + timedelta(days=4))


def night(number: int) -> Any:
    return ARRIVAL + timedelta(days=number)


def moved_nights(name: str, left: str, entered: str, nights: range, *, booked: bool) -> list[Change]:
    """List the room-nights' events of one move, leaves first."""
    return [
        Change(
            room_night_stream(CODE, room, night(number)),
            RoomNight.Reassigned(
                room=room, stay_date=night(number), stay_id=named(f"{name}/{left}"), reservation_id=named(name),
                other_room=other, arrives=arrives, held_until=None if booked else HELD_UNTIL, reason="reshuffle",
            ),
        )
        for room, other, arrives in ((left, entered, False), (entered, left, True))
        for number in nights
    ]  # fmt: skip


def my_nights(room: str) -> list[Change]:
    return [
        Change(
            room_night_stream(CODE, room, night(number)),
            RoomNight.HoldRequested(
                room=room, stay_date=night(number), stay_id=made_by(named("command"), "stay/1"), reservation_id=MINE,
                held_until=HELD_UNTIL,
            ),
        )
        for number in range(4)
    ]  # fmt: skip


def moves_of(verdict: Verdict) -> list[tuple[UUID, str, str]]:
    told = [change.event for change in verdict.decision.changes]
    return [(each.stay_id, each.from_room, each.to_room) for each in told if isinstance(each, Reservation.StayMoved)]


def test_one_stay_moves_and_the_new_one_takes_the_room_that_is_free_then() -> None:
    verdict = given(*OPENED, *CROSSED).when(FOUR_NIGHTS)
    [(stay_id, left, entered)] = moves_of(verdict)
    name, nights, booked = ("early", range(2), True) if left == "g1" else ("late", range(2, 4), False)
    assert (left, entered) in {("g1", "g2"), ("g2", "g1")}
    assert stay_id == named(f"{name}/{left}")
    told = Reservation.StayMoved(
        stay_id=stay_id, from_room=left, to_room=entered, first_night=night(nights[0]), reason="reshuffle"
    )
    verdict.then(
        verdict.decision.changes[0],
        Change(named(name), told),
        *moved_nights(name, left, entered, nights, booked=booked),
        *my_nights(left),
    )


def test_a_free_room_is_taken_before_anybody_moves() -> None:
    assert moves_of(given(*OPENED, *CROSSED).when(hold_stay())) == []


def pinned(name: str, room: str) -> Change:
    return Change(named(name), Reservation.StayPinned(stay_id=named(f"{name}/{room}"), reason="promised"))


@pytest.mark.parametrize(("name", "room", "other"), [("early", "g1", "g2"), ("late", "g2", "g1")])
def test_who_was_promised_the_room_stays_and_the_other_moves(name: str, room: str, other: str) -> None:
    verdict = given(*OPENED, *CROSSED, pinned(name, room)).when(FOUR_NIGHTS)
    assert [(left, entered) for _, left, entered in moves_of(verdict)] == [(other, room)]


def test_when_both_are_promised_their_rooms_the_refusal_says_what_stands_in_the_way() -> None:
    story = given(*OPENED, *CROSSED, pinned("early", "g1"), pinned("late", "g2"))
    story.when(FOUR_NIGHTS).refuses(HoldStay.SoldOut, rooms_left=0, promised_rooms_in_the_way=True)


def test_nothing_is_said_of_promises_when_a_night_is_full() -> None:
    last = stay("last", "g1", 1, arrival=night(3))
    verdict = given(*OPENED, *CROSSED, *held("last", last)).when(FOUR_NIGHTS)
    verdict.refuses(HoldStay.SoldOut, rooms_left=0, promised_rooms_in_the_way=None)


def test_who_arrives_today_is_not_moved() -> None:
    """Early comes today, so late moves, whichever would be first."""
    story = given(*OPENED, *CROSSED, *confirmed("late", LATE))
    arrival_day = minutes(9 * 24 * 60)
    assert [left for _, left, _ in moves_of(story.when(FOUR_NIGHTS, at=arrival_day))] == ["g2"]
    story = given(*OPENED, *CROSSED, *confirmed("late", LATE), pinned("late", "g2"))
    story.when(FOUR_NIGHTS, at=arrival_day).refuses(HoldStay.SoldOut, promised_rooms_in_the_way=True)


def test_a_hold_whose_time_is_over_stands_in_nobodys_way() -> None:
    """Late has lost its hold by then: g2 is free for all nights."""
    verdict = given(*OPENED, *CROSSED).when(FOUR_NIGHTS, at=minutes(20))
    assert moves_of(verdict) == []


def test_a_stay_that_reaches_beyond_the_near_nights_moves_when_only_that_makes_room() -> None:
    """Late stays longer than is looked at first."""
    long = stay("late", "g2", NIGHTS_AFTER + 10, arrival=night(2))
    story = [*held("whole", WHOLE), *confirmed("whole", WHOLE), *held("early", EARLY), *held("late", long)]
    verdict = given(*OPENED, *story, pinned("early", "g1")).when(FOUR_NIGHTS)
    assert [(left, entered) for _, left, entered in moves_of(verdict)] == [("g2", "g1")]
    assert NIGHTS_BEFORE > 0


def test_a_move_onto_a_night_that_somebody_keeps_is_refused() -> None:
    """Law 1, whoever asks for the move."""
    known = Folds([*OPENED, *CROSSED])
    move = Move(named("early/g1"), named("early"), "g1", "g3", ARRIVAL, night(2))
    known.read |= {room_night_stream(CODE, room, night(number)) for room in ("g1", "g3") for number in range(2)}
    with pytest.raises(RoomNight.Taken, match="g3 is taken"):
        changes_of([move], known, CODE)


def test_a_swap_leaves_both_rooms_before_it_enters_either() -> None:
    known = Folds([*OPENED, *CROSSED])
    known.read |= {room_night_stream(CODE, room, night(number)) for room in ("g1", "g3") for number in range(4)}
    swap = [
        Move(named("early/g1"), named("early"), "g1", "g3", ARRIVAL, night(2)),
        Move(named("whole/g3"), named("whole"), "g3", "g1", ARRIVAL, night(4)),
    ]
    nights = [change.event for change in changes_of(swap, known, CODE, "swap")][2:]
    arrivals = [event.arrives for event in nights if isinstance(event, RoomNight.Reassigned)]
    assert arrivals == [False] * 6 + [True] * 6
