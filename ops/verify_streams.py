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
NightEvent = RoomNight.HoldRequested | RoomNight.HoldReleased | RoomNight.BookingConfirmed | RoomNight.Cancelled
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
            if self._version == 1 and self._stream != stream_of_night(self._property_code, event.room, event.stay_date):
                self._findings.add(position, f"room {event.room} on {event.stay_date} is told in the stream of another night")
            problem = self._night.problem_after(event)
            if problem:
                self._findings.add(position, f"room {event.room} on {event.stay_date}: {problem}")


class Night:
    """One room on one date: free, or held or booked by one stay."""

    def __init__(self) -> None:
        self._state: Literal["free", "held", "booked"] = "free"
        self._stay: UUID | None = None

    def problem_after(self, event: Event) -> str | None:
        """Take over what an event says; say what is wrong with that."""
        match event:
            case RoomNight.HoldRequested(stay_id=stay):
                problem = None if self._state == "free" else f"stay {stay} holds what is {self._state} by stay {self._stay}"
                self._state, self._stay = "held", stay
            case RoomNight.BookingConfirmed(stay_id=stay):
                problem = self._unless("held", stay, "books")
                self._state, self._stay = "booked", stay
            case RoomNight.HoldReleased(stay_id=stay):
                problem = self._unless("held", stay, "releases")
                self._state, self._stay = "free", None
            case RoomNight.Cancelled(stay_id=stay):
                problem = self._unless("booked", stay, "cancels")
                self._state, self._stay = "free", None
            case _:
                problem = None
        return problem

    def _unless(self, state: str, stay: UUID, does: str) -> str | None:
        if (self._state, self._stay) == (state, stay):
            return None
        return f"stay {stay} {does} what is {self._state}{f' by stay {self._stay}' if self._stay else ''}"
