"""The audit's own fold of a room-night: every lawful life holds, and every second holder is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, get_args
from uuid import UUID

import pytest

from aggregates.room_night import RoomNight
from ledger.event import Event
from ledger.ids import room_night_stream
from ops.catalogue import CATALOGUE
from ops.verify_findings import Findings
from ops.verify_streams import NightEvent, StreamCheck
from tests.examples import named

DATE = date(2027, 5, 10)
UNTIL = datetime(2027, 1, 1, 12, tzinfo=UTC)
A, B, RESERVATION = named("a"), named("b"), named("r")
ROOM: dict[str, Any] = {"room": "101", "stay_date": DATE}


def held(stay: UUID = A, **more: Any) -> Event:
    return RoomNight.HoldRequested(**ROOM, stay_id=stay, reservation_id=RESERVATION, held_until=UNTIL, **more)


def booked(stay: UUID = A) -> Event:
    return RoomNight.BookingConfirmed(**ROOM, stay_id=stay)


def expired(stay: UUID = A) -> Event:
    return RoomNight.HoldReleased(**ROOM, stay_id=stay, reason="expired")


def cancelled(stay: UUID = A) -> Event:
    return RoomNight.Cancelled(**ROOM, stay_id=stay)


def released(stay: UUID = A) -> Event:
    return RoomNight.Released(**ROOM, stay_id=stay, reason="no_show")


def moved(stay: UUID = A, *, arrives: bool, until: datetime | None = None) -> Event:
    return RoomNight.Reassigned(
        **ROOM, stay_id=stay, reservation_id=RESERVATION, other_room="102", arrives=arrives, held_until=until, reason="move"
    )  # fmt: skip


def blocked(block: UUID = B) -> Event:
    return RoomNight.Blocked(**ROOM, block_id=block, reason="group", movable=False)


def unblocked(block: UUID = B) -> Event:
    return RoomNight.Unblocked(**ROOM, block_id=block, reason="ended")


LIVES: list[list[Event]] = [
    [held(), expired()],
    [held(), booked(), cancelled()],
    [held(), booked(), released()],
    [held(), booked(), moved(arrives=False)],
    [held(), moved(arrives=False, until=UNTIL)],
    [moved(arrives=True), cancelled()],
    [moved(arrives=True, until=UNTIL), booked(), released()],
    [moved(arrives=True), moved(arrives=False)],
    [blocked(), unblocked()],
]
"""Each from free to free again."""


def findings(events: Sequence[Event], slot: str = "night") -> list[str]:
    """Audit one room-night with these events, at positions 11, 12, ..."""
    found = Findings()
    check = StreamCheck("ella", found)
    stream = room_night_stream("ella", "101", DATE, slot)
    for version, event in enumerate(events, 1):
        check.see(stream, version, 10 + version, event.topic, CATALOGUE.encode(event))
    return [each.text() for each in found.sorted()]


def test_the_audit_knows_every_event_of_a_night() -> None:
    """One that it does not know would leave a night held for ever in its eyes, and a healthy log called wrong."""
    written = {each for each in vars(RoomNight).values() if isinstance(each, type) and issubclass(each, Event)}
    assert written == set(get_args(NightEvent))
    assert {type(event) for life in LIVES for event in life} == written


@pytest.mark.parametrize(("first", "second"), list(permutations(range(len(LIVES)), 2)))
def test_a_night_is_free_for_the_next_after_every_life(first: int, second: int) -> None:
    assert findings([*LIVES[first], *LIVES[second], held(B), booked(B)]) == []


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("taker", [held(B), moved(B, arrives=True), moved(B, arrives=True, until=UNTIL), blocked()])
def test_who_takes_what_another_has_is_named(life: list[Event], taker: Event) -> None:
    for taken in range(1, len(life)):
        found = findings([*life[:taken], taker])
        assert len(found) == 1, found
        assert found[0].startswith(f"position {11 + taken}: room 101 on 2027-05-10: "), found
        assert "what is" in found[0], found


@pytest.mark.parametrize("giver", [cancelled(B), released(B), moved(B, arrives=False), expired(B), unblocked(A), booked(B)])
@pytest.mark.parametrize("life", LIVES)
def test_nobody_gives_back_what_another_has(life: list[Event], giver: Event) -> None:
    assert len(findings([*life[:1], giver])) == 1


def test_a_hold_that_moves_stays_a_hold() -> None:
    assert findings([moved(arrives=True, until=UNTIL), cancelled()]) == [
        f"position 12: room 101 on 2027-05-10: stay {A} cancels what is held by stay {A}"
    ]


def test_day_use_has_a_stream_of_its_own() -> None:
    assert findings([held(slot="day")], slot="day") == []
    assert findings([held(slot="day")]) == ["position 11: room 101 on 2027-05-10 is told in the stream of another night"]
