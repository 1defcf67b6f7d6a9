"""Which nights an event takes or frees for those who look for a room."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from aggregates.room_night import RoomNight
from ledger.event import Event
from projections.availability import nights_told

STAY = UUID(int=1)
NIGHT = date(2027, 1, 15)
UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


def events(slot: str) -> list[tuple[Event, list[bool]]]:
    """List one event of each kind with what it says: taken, free, or nothing."""
    at: dict[str, Any] = {"room": "101", "stay_date": NIGHT, "stay_id": STAY, "slot": slot}
    block: dict[str, Any] = {"room": "101", "stay_date": NIGHT, "block_id": STAY, "slot": slot}
    moved: dict[str, Any] = {**at, "reservation_id": STAY, "other_room": "102", "held_until": None, "reason": "move"}
    return [
        (RoomNight.HoldRequested(**at, reservation_id=STAY, held_until=UNTIL), [True]),
        (RoomNight.BookingConfirmed(**at), [True]),
        (RoomNight.HoldReleased(**at, reason="expired"), [False]),
        (RoomNight.Cancelled(**at), [False]),
        (RoomNight.Released(**at, reason="no_show"), [False]),
        (RoomNight.Reassigned(**moved, arrives=False), [False]),
        (RoomNight.Reassigned(**moved, arrives=True), [True]),
        (RoomNight.Blocked(**block, reason="out_of_order", movable=False), [True]),
        (RoomNight.Unblocked(**block, reason="ended"), [False]),
    ]


@pytest.mark.parametrize(("event", "taken"), events("night"), ids=lambda each: getattr(each, "topic", ""))
def test_a_night_is_taken_or_free_as_the_event_says(event: Event, taken: list[bool]) -> None:
    assert list(nights_told(event)) == [("101", NIGHT, each) for each in taken]


@pytest.mark.parametrize("event", [event for event, _ in events("day")], ids=lambda event: event.topic)
def test_day_use_takes_no_night(event: Event) -> None:
    assert list(nights_told(event)) == []


def test_every_event_of_a_room_night_is_looked_at() -> None:
    kinds = {kind for kind in vars(RoomNight).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert kinds == {type(event) for event, _ in events("night")}
