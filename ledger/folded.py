"""Aggregates that this process has folded and keeps, all current as of one position, and the working copies of a batch."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from ledger.catalogue import Aggregate, Catalogue
from ledger.command import Unread
from ledger.event import Event
from ledger.log import Row
from ledger.refusal import Refusal

A = TypeVar("A", bound=Aggregate)

MOST_KEPT = 200_000
"""Streams kept at most; the least recently read go first. A folded room-night takes about half a kilobyte."""

FARTHEST_BEHIND = 20_000
"""Events that the others may have written before it is cheaper to forget everything and read only what is asked for."""


class OtherKind(Refusal):
    """The id names something else than what was asked for."""

    code = "stream.other_kind"


class Stream:
    """One folded stream: its version and, unless nothing happened to it, its aggregate."""

    __slots__ = ("aggregate", "version")

    def __init__(self, version: int = 0, aggregate: Aggregate | None = None) -> None:
        self.version = version
        self.aggregate = aggregate

    def copy(self) -> Stream:
        """Give a copy whose changes stay its own; applies only assign, so a shallow one is enough."""
        return Stream(self.version, copy.copy(self.aggregate))

    def apply(self, kind: type[Aggregate], event: Event) -> None:
        """Take over the next event."""
        if self.aggregate is None:
            self.aggregate = kind()
        self.aggregate.apply(event)
        self.version += 1


class Folded:
    """What the log says, folded: every kept stream is current as of `position`."""

    def __init__(self, catalogue: Catalogue, most_kept: int = MOST_KEPT) -> None:
        self._catalogue = catalogue
        self._most_kept = most_kept
        self._streams: OrderedDict[UUID, Stream] = OrderedDict()
        self.position = 0
        self.recorded_at = datetime.min.replace(tzinfo=UTC)

    def __contains__(self, stream: UUID) -> bool:
        return stream in self._streams

    def __getitem__(self, stream: UUID) -> Stream:
        self._streams.move_to_end(stream)
        return self._streams[stream]

    def start_at(self, position: int) -> None:
        """Forget everything and be current as of `position`."""
        self._streams.clear()
        self.position = position

    def take(self, rows: Iterable[Row], fresh: Iterable[UUID]) -> None:
        """Take over a reading: all events after `position`, and the whole of the streams that are `fresh`."""
        for stream in fresh:
            self._streams[stream] = Stream()
        for row in rows:
            kept = self._streams.get(row.stream)
            if kept is not None and row.version == kept.version + 1:
                event = self._catalogue.decode(row.topic, row.payload)
                kept.apply(self._catalogue.aggregate_of(row.topic), event)
            self.reached(row.position, row.recorded_at)

    def settle(self, changed: dict[UUID, Stream], base_position: int, last_position: int, recorded_at: datetime) -> None:
        """Take over working copies that were just appended. Advance only when nobody else wrote in between."""
        self._streams.update(changed)
        if base_position == self.position:
            self.reached(last_position, recorded_at)

    def forget_some(self) -> None:
        """Let go of the least recently read streams beyond the limit; between batches only."""
        while len(self._streams) > self._most_kept:
            self._streams.popitem(last=False)

    def reached(self, position: int, recorded_at: datetime) -> None:
        """Note how far the log was seen."""
        self.position = max(self.position, position)
        self.recorded_at = max(self.recorded_at, recorded_at)


class Working:
    """The state that a batch decides on: the folded streams, with what earlier commands of the batch did on top."""

    def __init__(self, folded: Folded, catalogue: Catalogue) -> None:
        self._folded = folded
        self._catalogue = catalogue
        self.changed: dict[UUID, Stream] = {}

    def get(self, kind: type[A], stream: UUID) -> A:
        """Give the aggregate of a stream, empty when nothing happened to it. Raises Unread, OtherKind."""
        found = self.changed.get(stream)
        if found is None:
            if stream not in self._folded:
                raise Unread([stream])
            found = self._folded[stream]
        if found.aggregate is None:
            return kind()
        if not isinstance(found.aggregate, kind):
            raise OtherKind(f"{stream} is not the id of a {kind.__name__.lower()}: check the id.")
        return found.aggregate

    def require(self, streams: Iterable[UUID]) -> None:
        """Make sure that all of `streams` were read. Raises Unread naming all that were not."""
        missing = [stream for stream in streams if stream not in self.changed and stream not in self._folded]
        if missing:
            raise Unread(missing)

    def version(self, stream: UUID) -> int:
        """Give the version of a stream that was read; 0 when nothing happened to it. Raises Unread."""
        if stream in self.changed:
            return self.changed[stream].version
        if stream not in self._folded:
            raise Unread([stream])
        return self._folded[stream].version

    def apply(self, stream: UUID, event: Event) -> int:
        """Put an event on top. Give its version."""
        working = self.changed.get(stream)
        if working is None:
            self.version(stream)
            working = self.changed[stream] = self._folded[stream].copy()
        working.apply(self._catalogue.aggregate_of(event.topic), event)
        return working.version
