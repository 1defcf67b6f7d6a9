"""The base of all events and the envelope in which the ledger hands a stored one out."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Something that happened. `topic` is its stored, versioned name and never changes; a new meaning is a new topic."""

    topic: ClassVar[str]


class Recorded(Struct, frozen=True, kw_only=True, gc=False):
    """An event as the ledger holds it: where it stands, when, by whom, and in which command.

    `position` counts 1, 2, 3 … through the property's ledger without a hole. `command_index` runs from 0 to
    `command_count` - 1. `occurred_at` is the clock at the edge, `recorded_at` the ledger's own, which never runs backwards.
    """

    position: int
    stream: UUID
    version: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime
    command_id: UUID | None = None
    command_index: int = 0
    command_count: int = 1
    correlation_id: UUID | None = None
    cause_position: int | None = None
    actor: str = "system"
    business_date: date | None = None
