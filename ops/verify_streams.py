"""Checks a log stream by stream: versions 1, 2, 3 … in the order of positions, and every room-night held by one stay at most.

The law is folded here by hand and not with the aggregate, which would have to be right for the check to be.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from aggregates.room_night import RoomNight
from ledger.event import Event
from ledger.ids import room_night_stream
from ledger.unreadable import Unreadable
from ops.catalogue import CATALOGUE
from ops.verify_findings import Findings

NIGHT = "room-night."
NightEvent = (
    RoomNight.HoldRequested | RoomNight.HoldReleased | RoomNight.BookingConfirmed | RoomNight.Cancelled
    | RoomNight.Released | RoomNight.Reassigned | RoomNight.Blocked | RoomNight.Unblocked
)  # fmt: skip
State = Literal["free", "held", "booked", "blocked"]
stream_of_night = room_night_stream.__wrapped__
"""Without its cache: an audit meets every night once."""


class StreamCheck:
    """Is shown every event once, by stream and version. `payload` only of room-nights."""

    def __init__(self, property_code: str, findings: Findings) -> None:
        self._property_code = property_code
        self._findings = findings
        self._stream: UUID | None = None
        self._version = 0
        self._position = 0
        self._night = Night()

    def see(self, stream: UUID, version: int, position: int, topic: str, payload: bytes | None) -> None:
        """Check the next event of a stream against those before it."""
        if stream != self._stream:
            self._stream, self._version, self._position, self._night = stream, 0, 0, Night()
        if version != self._version + 1:
            self._findings.add(position, f"version {version} of stream {stream} follows version {self._version}")
        if position <= self._position:
            self._findings.add(position, f"version {version} of stream {stream} stands before the version it follows")
        self._version, self._position = version, position
        if payload is not None:
            self._check_night(position, topic, payload)

    def _check_night(self, position: int, topic: str, payload: bytes) -> None:
        try:
            event = CATALOGUE.decode(topic, payload)
        except Unreadable:
            return
        if isinstance(event, NightEvent):
            named = stream_of_night(self._property_code, event.room, event.stay_date, event.slot)
            if self._version == 1 and self._stream != named:
                self._findings.add(position, f"room {event.room} on {event.stay_date} is told in the stream of another night")
            problem = self._night.problem_after(event)
            if problem:
                self._findings.add(position, f"room {event.room} on {event.stay_date}: {problem}")


class Night:
    """One room on one date: free, held or booked by one stay, or blocked."""

    def __init__(self) -> None:
        self._state: State = "free"
        self._holder = ""

    def problem_after(self, event: NightEvent) -> str | None:
        """Take over what an event says; say what is wrong with that."""
        holder, does, needs, leaves = _told(event)
        was, had = self._state, self._holder
        self._state, self._holder = leaves, "" if leaves == "free" else holder
        if (was, had) == (needs, "" if needs == "free" else holder):
            return None
        return f"{holder} {does} what is {was}{f' by {had}' if had else ''}"


def _told(event: NightEvent) -> tuple[str, str, State, State]:
    """Put an event into words: who, does what, to a night in which state, which leaves it in which."""
    match event:
        case RoomNight.Blocked(block_id=block):
            return f"block {block}", "takes", "free", "blocked"
        case RoomNight.Unblocked(block_id=block):
            return f"block {block}", "gives back", "blocked", "free"
        case RoomNight.Reassigned(held_until=until):
            has: State = "booked" if until is None else "held"
            stay = f"stay {event.stay_id}"
            return (stay, "moves to", "free", has) if event.arrives else (stay, "leaves", has, "free")
    does, needs, leaves = SAID[type(event)]
    return f"stay {event.stay_id}", does, needs, leaves


SAID: dict[type[Event], tuple[str, State, State]] = {
    RoomNight.HoldRequested: ("holds", "free", "held"),
    RoomNight.HoldReleased: ("releases", "held", "free"),
    RoomNight.BookingConfirmed: ("books", "held", "booked"),
    RoomNight.Cancelled: ("cancels", "booked", "free"),
    RoomNight.Released: ("gives back", "booked", "free"),
}
