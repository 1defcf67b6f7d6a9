"""Which topic is which event class of which aggregate. Built once, in the wiring, from the aggregates themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from ledger.event import Event


class Aggregate(Protocol):
    """What the writer asks of an aggregate: an empty start, and assignments from events.

    `apply` only assigns and never changes a container in place: the writer keeps shallow copies. A guard in it would also
    be a guard on history.
    """

    def apply(self, event: Event) -> None:
        """Take over what the event says."""


class UnknownTopic(LookupError):
    """An event was stored by a newer release, or by another program."""


class Catalogue:
    """Encodes and decodes events by topic and knows the aggregate that each topic belongs to."""

    def __init__(self, aggregates: Iterable[type[Aggregate]]) -> None:
        self._encode = msgspec.json.Encoder(order="deterministic").encode
        self._decoders: dict[str, msgspec.json.Decoder[Event]] = {}
        self._aggregates: dict[str, type[Aggregate]] = {}
        for aggregate in aggregates:
            for event_class in events_of(aggregate):
                if event_class.topic in self._decoders:
                    message = f"topic {event_class.topic} is used by two event classes"
                    raise ValueError(message)
                self._decoders[event_class.topic] = msgspec.json.Decoder(event_class)
                self._aggregates[event_class.topic] = aggregate

    @property
    def topics(self) -> list[str]:
        """List all topics, sorted."""
        return sorted(self._decoders)

    def encode(self, event: Event) -> bytes:
        """Write the stored form of an event: JSON with sorted keys. Raises UnknownTopic for an event of no aggregate here."""
        self.aggregate_of(event.topic)
        return self._encode(event)

    def decode(self, topic: str, payload: bytes) -> Event:
        """Read a stored event. Raises UnknownTopic, msgspec.ValidationError."""
        self.aggregate_of(topic)
        return self._decoders[topic].decode(payload)

    def aggregate_of(self, topic: str) -> type[Aggregate]:
        """Name the aggregate class that a topic belongs to. Raises UnknownTopic."""
        try:
            return self._aggregates[topic]
        except KeyError:
            message = f"topic {topic!r} is unknown to this release: run the release that wrote it, or a newer one"
            raise UnknownTopic(message) from None


def events_of(aggregate: type[Aggregate]) -> list[type[Event]]:
    """List the event classes nested in an aggregate, in the order they are written there."""
    return [value for value in vars(aggregate).values() if isinstance(value, type) and issubclass(value, Event)]
