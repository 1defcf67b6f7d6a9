"""What is known, with the changes that a decision has made so far: for commands that do the same thing for many, one by one.

A rooming list gives a room to one guest after the other; each must see the rooms that those before it got.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from aggregates.group import Group
from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.waitlist import Waitlist
from commands.moving import changes_of
from commands.rooms_for import find_rooms
from ledger.catalogue import Aggregate, events_of
from ledger.command import Change, Known
from ledger.ids import property_stream
from ledger.stay_dates import StayDates

A = TypeVar("A", bound=Aggregate)
KINDS: tuple[type[Aggregate], ...] = (RoomNight, Reservation, Group, Waitlist)
KIND_OF: dict[str, type[Aggregate]] = {event.topic: kind for kind in KINDS for event in events_of(kind)}

MOST_SEARCHES = 2
"""So often others are moved to make room within one command: each search reads more, and what a command reads has an end."""


class Foreseen:
    """A `Known` to which changes can be added; `changes` are all of them, in order. What was known is left as it is."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._changed: dict[UUID, Aggregate] = {}
        self.changes: list[Change] = []
        self.searches_left = MOST_SEARCHES

    def happen(self, changes: Iterable[Change]) -> None:
        """Take changes as having happened. Raises Unread."""
        for change in changes:
            aggregate = self._changed.get(change.stream)
            if aggregate is None:
                aggregate = copy(self._known.get(KIND_OF[change.event.topic], change.stream))
                self._changed[change.stream] = aggregate
            aggregate.apply(change.event)
            self.changes.append(change)

    def get(self, kind: type[A], stream: UUID) -> A:
        """Give the aggregate of a stream as it will be. Raises Unread."""
        changed = self._changed.get(stream)
        return changed if isinstance(changed, kind) else self._known.get(kind, stream)

    def version(self, stream: UUID) -> int:
        """Give the version that a stream has, before the changes. Raises Unread."""
        return self._known.version(stream)

    def require(self, streams: Iterable[UUID]) -> None:
        """Make sure that all of `streams` were read. Raises Unread."""
        self._known.require(streams)


def find_foreseen(
    foreseen: Foreseen, *, code: str, room_type: str, dates: StayDates, wanted: int, now: datetime,
    ignoring: frozenset[UUID] = frozenset(), wishes: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """Find `wanted` rooms of a type, or as many as there are; moves that make room are added to the changes. Raises Unread.

    Nights of the stays or blocks `ignoring` count as free. Promises among the `wishes` are kept.
    """
    find = partial(
        find_rooms, hotel=foreseen.get(Property, property_stream(code)), code=code, room_type=room_type, dates=dates,
        wanted=wanted, suggested=(), known=foreseen, now=now, ignoring=ignoring, wishes=wishes,
    )  # fmt: skip
    found = find()
    if len(found.rooms) < wanted and foreseen.searches_left:
        foreseen.searches_left -= 1
        found = find(may_move=True)
        foreseen.happen(changes_of(found.moves, foreseen, code))
    return found.rooms
