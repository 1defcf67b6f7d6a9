"""Upcasts: how an event that is stored under an older topic reads today. A stored name and its bytes never change.

The older shape stays in its aggregate's file, at the top level; the newer one is nested in the aggregate. One upcast is one
step, so that `v1` reaches `v3` through `v2` and no step is ever written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.event import Event


@dataclass(frozen=True)
class Upcast:
    """One step: what is stored as `old.topic` is read as `old`, and `change` makes a `new` of it. Pure: no clock, no I/O."""

    old: type[Event]
    new: type[Event]
    change: Callable[[Any], Event]


class Chains:
    """The upcasts of a catalogue, put end to end. Raises ValueError for steps that lead nowhere or fork."""

    def __init__(self, upcasts: Iterable[Upcast], newest: Mapping[str, type[Event]]) -> None:
        self._steps: dict[str, Upcast] = {}
        self._newest = newest
        for upcast in upcasts:
            topic = upcast.old.topic
            if topic in newest or topic in self._steps:
                message = f"topic {topic} is read in two ways: an older topic has one upcast, the newest none"
                raise ValueError(message)
            self._steps[topic] = upcast
        self.ends = {topic: self._last(topic).new for topic in self._steps}

    def upcast(self, event: Event) -> Event:
        """Make the newest form of an event that was read in an older one."""
        while (step := self._steps.get(event.topic)) is not None:
            event = step.change(event)
        return event

    def shape(self, topic: str) -> type[Event]:
        """Give the class in which an older topic's bytes are read."""
        return self._steps[topic].old

    def _last(self, topic: str) -> Upcast:
        step = self._steps[topic]
        for _ in self._steps:
            if self._newest.get(step.new.topic) is step.new:
                return step
            if step.new.topic not in self._steps:
                break
            step = self._steps[step.new.topic]
        message = f"the upcasts of {topic} end at {step.new.topic}, which no aggregate has: add the step that is missing"
        raise ValueError(message)
