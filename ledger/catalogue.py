"""Which topic is which event class of which aggregate. Built once, in the wiring, from the aggregates themselves.

Encodes the newest form only; decodes every form that was ever released, the older ones through their upcasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from ledger.event import Event
from ledger.unreadable import CorruptEvent, UnknownTopic, Unreadable
from ledger.upcast import Chains, Upcast

Read = Callable[[bytes], Event]


class Aggregate(Protocol):
    """What the writer asks of an aggregate: an empty start, and assignments from events.

    `apply` only assigns and never changes a container in place: the writer keeps shallow copies. A guard in it would also
    be a guard on history.
    """

    def apply(self, event: Event) -> None:
        """Take over what the event says."""


class Stored(Protocol):
    """What is needed of a stored row to read its event."""

    @property
    def position(self) -> int:
        """Where it stands."""

    @property
    def topic(self) -> str:
        """Its stored name."""

    @property
    def payload(self) -> bytes:
        """Its stored form."""


class Catalogue:
    """Encodes and decodes events by topic and knows the aggregate that each topic belongs to."""

    def __init__(self, aggregates: Iterable[type[Aggregate]], upcasts: Iterable[Upcast] = ()) -> None:
        self._encode = msgspec.json.Encoder(order="deterministic").encode
        self._newest: dict[str, type[Event]] = {}
        self._aggregates: dict[str, type[Aggregate]] = {}
        for aggregate in aggregates:
            for event_class in events_of(aggregate):
                if event_class.topic in self._newest:
                    message = f"topic {event_class.topic} is used by two event classes"
                    raise ValueError(message)
                self._newest[event_class.topic] = event_class
                self._aggregates[event_class.topic] = aggregate
        self._reads: dict[str, Read] = {topic: msgspec.json.Decoder(kind).decode for topic, kind in self._newest.items()}
        chains = Chains(upcasts, self._newest)
        for topic, end in chains.ends.items():
            self._reads[topic] = _upcasting(chains, topic)
            self._aggregates[topic] = self._aggregates[end.topic]

    @property
    def topics(self) -> list[str]:
        """List the topics that are written today, sorted."""
        return sorted(self._newest)

    @property
    def stored_topics(self) -> list[str]:
        """List all topics that can be read, older ones too, sorted."""
        return sorted(self._reads)

    def encode(self, event: Event) -> bytes:
        """Write an event as it is stored: JSON, all fields, in the order of the class. Raises UnknownTopic for an old one."""
        if event.topic not in self._newest:
            raise UnknownTopic(event.topic, self._nearest(event.topic))
        return self._encode(event)

    def decode(self, topic: str, payload: bytes) -> Event:
        """Read a stored event, in its newest form. Raises UnknownTopic, CorruptEvent."""
        read = self._reads.get(topic)
        if read is None:
            raise UnknownTopic(topic, self._nearest(topic))
        try:
            return read(payload)
        except (ValueError, RecursionError) as wrong:
            raise CorruptEvent(topic, wrong) from wrong

    def read(self, row: Stored) -> Event:
        """Read a stored row. Raises UnknownTopic or CorruptEvent that says where the row stands."""
        try:
            return self.decode(row.topic, row.payload)
        except Unreadable as wrong:
            raise wrong.at(row.position) from wrong.__cause__

    def aggregate_of(self, topic: str) -> type[Aggregate]:
        """Name the aggregate class that a topic belongs to. Raises UnknownTopic."""
        try:
            return self._aggregates[topic]
        except KeyError:
            raise UnknownTopic(topic, self._nearest(topic)) from None

    def _nearest(self, topic: str) -> str | None:
        """Name the newest version that is known of what a topic calls by its name."""
        name = topic.rpartition(".")[0]
        return next((known for known in self._newest if known.rpartition(".")[0] == name), None)


def events_of(aggregate: type[Aggregate]) -> list[type[Event]]:
    """List the event classes nested in an aggregate, in the order they are written there."""
    return [value for value in vars(aggregate).values() if isinstance(value, type) and issubclass(value, Event)]


def _upcasting(chains: Chains, topic: str) -> Read:
    decode = msgspec.json.Decoder(chains.shape(topic)).decode

    def read(payload: bytes) -> Event:
        older = decode(payload)
        try:
            return chains.upcast(older)
        except Exception as wrong:
            message = f"its upcast failed with {type(wrong).__name__}: {wrong}"
            raise ValueError(message) from wrong

    return read
