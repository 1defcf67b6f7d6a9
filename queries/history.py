"""The history of a subject: its events, those of the same commands, and what they follow from, as a list or as a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.event import Recorded
from ledger.ids import notification_id
from projections.reservation_document import payments_of
from queries.streams import Streams


@dataclass(frozen=True)
class History:
    """Events in order of position, and the causes among them that belong to somebody else, by position."""

    events: Sequence[Recorded]
    causes: dict[int, Recorded]

    def cause_of(self, event: Recorded) -> Recorded | None:
        """Give the event that made a saga act, when one did."""
        if event.cause_position is None:
            return None
        own = (each for each in self.events if each.position == event.cause_position)
        return next(own, self.causes.get(event.cause_position))

    def parents(self) -> dict[int, int | None]:
        """Say under which event each stands in the tree of what follows from what; a root stands under none.

        Events of a command stand under its first; that stands under its cause, or, when somebody from outside acted, under
        the event that it was done to: the last one before it in the same stream, beside an equal one if that is the last.
        """
        first = {event.command_id: event.position for event in reversed(self.events)}
        known = {event.position for event in self.events}
        last: dict[UUID, Recorded] = {}
        parents: dict[int, int | None] = {}
        for event in self.events:
            head = first[event.command_id] if event.command_id is not None else event.position
            if head != event.position:
                parents[event.position] = head
            elif event.cause_position in known:
                parents[event.position] = event.cause_position
            else:
                parents[event.position] = _acted_on(event, last.get(event.stream), parents)
            last[event.stream] = event
        return parents


class HistoryQuery:
    """Histories of one property. `kinds` are the kinds of messages that guests are sent."""

    def __init__(self, streams: Streams, kinds: Iterable[str]) -> None:
        self._streams = streams
        self._kinds = tuple(kinds)

    async def of(self, stream: UUID) -> History:
        """Give what happened to a stream; to a reservation, with its payments, messages and room-nights. Raises Unreadable."""
        events = await self._streams.read([stream])
        if any(event.event.topic.startswith("reservation.") for event in events):
            events = await self._of_reservation(stream, events)
        known = {event.position for event in events}
        wanted = {event.cause_position for event in events if event.cause_position is not None} - known
        return History(events, {cause.position: cause for cause in await self._streams.at(wanted)})

    async def _of_reservation(self, reservation_id: UUID, own: Sequence[Recorded]) -> list[Recorded]:
        facts = [*own, *await self._streams.read(payments_of(own))]
        messages = [notification_id(reservation_id, kind, fact.position) for fact in facts for kind in self._kinds]
        facts += await self._streams.read(messages)
        known = {fact.position for fact in facts}
        together = {position for fact in facts for position in _command_of(fact)} - known
        return sorted([*facts, *await self._streams.at(together)], key=lambda fact: fact.position)


def _acted_on(event: Recorded, before: Recorded | None, parents: Mapping[int, int | None]) -> int | None:
    """Say what somebody from outside acted on, who comes after `before` in the stream."""
    if before is None:
        return None
    return parents[before.position] if before.event.topic == event.event.topic else before.position


def _command_of(event: Recorded) -> range:
    """Give the positions of the command that an event belongs to: its events are neighbours."""
    begin = event.position - event.command_index
    return range(begin, begin + event.command_count)
