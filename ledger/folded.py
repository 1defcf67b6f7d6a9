"""Aggregates that this process has folded and keeps, all current as of one position, and the working copies of a batch."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from ledger.catalogue import Aggregate, Catalogue
from ledger.command import Unread
from ledger.event import Event
from ledger.log import Reading, Row
from ledger.refusal import Refusal
from ledger.unreadable import Unreadable

A = TypeVar("A", bound=Aggregate)

MOST_KEPT = 50_000
"""Streams kept at most, those read first go first: a year of 130 rooms. They take about a kilobyte each, so 60 MB in all."""

FARTHEST_BEHIND = 20_000
"""Events that the others may have written before it is cheaper to forget everything and read only what is asked for."""


class OtherKind(Refusal):
    """The id names something else than what was asked for."""

    code = "stream.other_kind"


class Stream:
    """One folded stream: its version and, unless nothing happened to it, its aggregate."""

    __slots__ = ("aggregate", "unreadable", "version")

    def __init__(self, version: int = 0, aggregate: Aggregate | None = None) -> None:
        self.version = version
        self.aggregate = aggregate
        self.unreadable: Unreadable | None = None

    def copy(self) -> Stream:
        """Give a copy whose changes stay its own; applies only assign, so a shallow one is enough."""
        return Stream(self.version, self.aggregate and copy.copy(self.aggregate))

    def apply(self, kind: type[Aggregate], event: Event) -> None:
        """Take over the next event."""
        if self.aggregate is None:
            self.aggregate = kind()
        self.aggregate.apply(event)
        self.version += 1


class Folded:
    """What the log says, folded: every kept stream is current as of `position`. Kept by the stream's number."""

    def __init__(self, catalogue: Catalogue, most_kept: int = MOST_KEPT) -> None:
        self._catalogue = catalogue
        self._most_kept = most_kept
        self.streams: OrderedDict[int, Stream] = OrderedDict()
        self.position = 0
        self.recorded_at = datetime.min.replace(tzinfo=UTC)

    def __contains__(self, stream: UUID) -> bool:
        return stream.int in self.streams

    def start_at(self, position: int) -> None:
        """Forget everything and be current as of `position`."""
        self.streams.clear()
        self.position = position

    def take(self, reading: Reading, fresh: Iterable[UUID]) -> None:
        """Take over a reading: forget what moved meanwhile, fold the whole of the streams that are `fresh`."""
        for number, version in reading.news:
            kept = self.streams.get(number)
            if kept is not None and kept.version < version:
                del self.streams[number]
        for stream in fresh:
            self.streams[stream.int] = Stream()
        for row in reading.rows:
            self._fold(self.streams[row.stream.int], row)
        if reading.recorded_at is not None:
            self.reached(reading.head, reading.recorded_at)

    def _fold(self, kept: Stream, row: Row) -> None:
        """Take over a stored event. One that cannot be read closes its stream, and no other."""
        try:
            event = self._catalogue.read(row)
        except Unreadable as wrong:
            kept.unreadable = kept.unreadable or wrong
        if kept.unreadable is None:
            kept.apply(self._catalogue.aggregate_of(row.topic), event)
        else:
            kept.version = row.version

    def settle(self, changed: dict[int, Stream], base_position: int, last_position: int, recorded_at: datetime) -> None:
        """Take over working copies that were just appended. Advance only when nobody else wrote in between."""
        if self.position > base_position:
            # A reading was quicker than the answer to the append: it may have seen later events of these streams, too.
            for number in changed:
                self.streams.pop(number, None)
            return
        self.streams.update(changed)
        if base_position == self.position:
            self.reached(last_position, recorded_at)

    def forget_some(self) -> None:
        """Let go of the streams beyond the limit that were read first; between batches only."""
        while len(self.streams) > self._most_kept:
            self.streams.popitem(last=False)

    def reached(self, position: int, recorded_at: datetime) -> None:
        """Note how far the log was seen."""
        self.position = max(self.position, position)
        self.recorded_at = max(self.recorded_at, recorded_at)


class Working:
    """The state that a batch decides on: the folded streams, with what earlier commands of the batch did on top.

    Between the two stand streams that an earlier batch is just changing: should it fail, this one is decided again.
    """

    def __init__(self, folded: Folded, underway: Mapping[int, Stream]) -> None:
        self._kept = folded.streams
        self._underway = underway
        self.changed: dict[int, Stream] = {}

    def get(self, kind: type[A], stream: UUID) -> A:
        """Give the aggregate of a stream, empty when nothing happened to it. Raises Unread, Unreadable, OtherKind."""
        found = self._find(stream.int, stream).aggregate
        if found is None:
            return kind()
        if not isinstance(found, kind):
            raise OtherKind(f"{stream} is not the id of a {kind.__name__.lower()}: check the id.")
        return found

    def require(self, streams: Iterable[UUID]) -> None:
        """Make sure that all of `streams` were read. Raises Unread naming all that were not."""
        changed, underway, kept = self.changed, self._underway, self._kept
        missing = [
            stream
            for stream in streams
            if (number := stream.int) not in kept and number not in changed and number not in underway
        ]
        if missing:
            raise Unread(missing)

    def version(self, stream: UUID) -> int:
        """Give the version of a stream that was read; 0 when nothing happened to it. Raises Unread."""
        return self._find(stream.int, stream).version

    def opened(self, streams: Sequence[UUID], guards: Iterable[UUID] = ()) -> list[Stream]:
        """Give copies of `streams` to put events on; `guards` must have been read, too. Raises Unread naming all that miss."""
        self.require([*streams, *guards])
        copies = []
        for stream in streams:
            number = stream.int
            working = self.changed.get(number)
            if working is None:
                working = self.changed[number] = self._find(number, stream).copy()
            copies.append(working)
        return copies

    def _find(self, number: int, stream: UUID) -> Stream:
        found = self.changed.get(number) or (self._underway and self._underway.get(number)) or self._kept.get(number)
        if found is None:
            raise Unread([stream])
        if found.unreadable is not None:
            raise found.unreadable
        return found
