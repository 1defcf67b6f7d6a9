"""Histories as text for a terminal as narrow as a telephone, and as JSON for scripts. Personal data stays sealed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from textwrap import wrap
from typing import Any
from uuid import UUID

import msgspec

from ledger.event import Recorded
from ledger.ids import room_night_stream
from ledger.money import Money
from ops.erase import guests_of
from ops.settings import BadConfiguration
from ops.telling import amount_in_words, desk_of
from ops.wiring import Wiring
from queries.history import History, HistoryQuery
from sagas.letters import KINDS

ROOM_NIGHT = re.compile(r"(?P<room>[^/]+)/(?P<date>\d{4}-\d{2}-\d{2})")
WORTH_TELLING = (
    "room", "stay_date", "from_room", "to_room", "first_night", "departed_on", "kind", "step", "source", "guarantee", "purpose",
    "reason", "code", "how", "vendor", "reference", "amount", "difference", "refund", "fee",
)  # fmt: skip
"""Fields that say more about an event than its topic does and are never personal."""
SPEAKS_FOR_ITSELF = {"room", "stay_date", "amount"}
COLUMNS = 56
MOST_CAUSES_DEEP = 24


async def history_of(wiring: Wiring, property_code: str, subject: str) -> History:
    """Find what happened to a reservation, guest, payment (by id) or room-night (ROOM/DATE). Raises BadConfiguration."""
    desk = await desk_of(wiring, property_code)
    query = HistoryQuery(desk.streams, KINDS)
    stream = _stream(property_code, subject)
    found = await query.of(stream)
    if not found.events:
        reservation_id = await guests_of(wiring, property_code).reservation_of(stream)
        if reservation_id is not None:
            found = await query.of(reservation_id)
    return found


def _stream(property_code: str, subject: str) -> UUID:
    night = ROOM_NIGHT.fullmatch(subject)
    try:
        if night is not None:
            return room_night_stream(property_code, night["room"], date.fromisoformat(night["date"]))
        return UUID(subject)
    except ValueError:
        message = f"{subject!r} is no ID: give the id of a reservation, payment or guest, or ROOM/YYYY-MM-DD for a room-night"
        raise BadConfiguration(message) from None


def as_json(history: History) -> list[dict[str, Any]]:
    """Give every event with its metadata, its topic, its cause's topic and where it stands in the tree."""
    parents = history.parents()
    return [
        {
            **msgspec.to_builtins(event),
            "topic": event.event.topic,
            "because_of": cause.event.topic if (cause := history.cause_of(event)) else None,
            "parent": parents[event.position],
        }
        for event in history.events
    ]


def as_text(history: History) -> str:
    """Write command after command: when and by whom, because of what, and its events."""
    commands = groupby(history.events, key=lambda event: event.command_id or event.position)
    return "\n\n".join("\n".join(_command(history, list(events))) for _, events in commands)


def _command(history: History, events: list[Recorded]) -> Iterator[str]:
    first = events[0]
    yield f"{first.recorded_at:%Y-%m-%d %H:%M:%S} UTC  {first.actor}"
    if abs((first.recorded_at - first.occurred_at).total_seconds()) >= 1:
        yield f"  asked {first.occurred_at:%Y-%m-%d %H:%M:%S} UTC"
    cause = history.cause_of(first)
    if cause is not None:
        yield f"  because of #{cause.position} {cause.event.topic}"
    for event in events:
        yield f"  #{event.position} {event.event.topic}"
        yield from wrap(_details(event), COLUMNS, initial_indent="    ", subsequent_indent="    ")
    words = {"command": first.command_id, "request": first.correlation_id, "date": first.business_date}
    ids = [f"{name} {str(value)[: 10 if name == 'date' else 8]}" for name, value in words.items() if value]
    if ids:
        yield f"  {'  '.join(ids)}"


def as_tree(history: History) -> str:
    """Write what follows from what: each event under the one that it stands under, one line each."""
    below: dict[int | None, list[Recorded]] = defaultdict(list)
    for event, parent in zip(history.events, history.parents().values(), strict=True):
        below[parent].append(event)
    return "\n".join(_branch(below, None, 0))


def _branch(below: dict[int | None, list[Recorded]], parent: int | None, depth: int) -> Iterator[str]:
    for event in below[parent]:
        details = _details(event) if event.event.topic.startswith("room-night.") else event.actor
        yield f"{'  ' * min(depth, MOST_CAUSES_DEEP)}#{event.position} {event.event.topic}  {details}"
        yield from _branch(below, event.position, depth + 1)


def _details(event: Recorded) -> str:
    values = {name: getattr(event.event, name, None) for name in WORTH_TELLING}
    told = {name: amount_in_words(value) if isinstance(value, Money) else value for name, value in values.items() if value}
    return "  ".join(f"{value}" if name in SPEAKS_FOR_ITSELF else f"{name} {value}" for name, value in told.items())
