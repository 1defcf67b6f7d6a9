"""Deciding a batch: reading rounds for all commands at once, then pure decisions in order, each seeing the earlier ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from msgspec.structs import replace

from ledger.catalogue import Catalogue
from ledger.command import Command, Decision, Envelope, Handler, Outcome, Unread, refused
from ledger.folded import Folded, Working
from ledger.keys import GuestKey
from ledger.log import Batch, Connection, Log
from ledger.refusal import IdReused, Refusal

logger = logging.getLogger(__name__)

READING_ROUNDS = 3
LATE_ROUNDS = 4
"""Rounds for decisions that need more than their `reads` named, such as a whole room type when it is nearly full."""

Result = Outcome | Exception


class Round:
    """Reads for one batch on one connection; every reading brings all kept streams up to the same moment."""

    def __init__(self, log: Log, connection: Connection, folded: Folded, catalogue: Catalogue) -> None:
        self._log = log
        self._connection = connection
        self._catalogue = catalogue
        self.folded = folded
        self.working = Working(folded, catalogue)

    async def read(self, streams: Iterable[UUID], command_ids: Iterable[UUID] = ()) -> dict[UUID, tuple[bytes, Outcome]]:
        """Read `streams` that are not kept yet, catch up with all others, and give recorded outcomes."""
        fresh = {stream for stream in streams if stream not in self.folded}
        rows, outcomes = await self._log.read(self._connection, self.folded.position, fresh, command_ids)
        self.folded.take(rows, fresh)
        return outcomes

    def encode(self, decision: Decision, batch: Batch) -> None:
        """Put a decision on top of the working state and into the batch, or leave both as they are. Raises Unread."""
        guards = tuple(decision.guards)
        self.working.require([*(change.stream for change in decision.changes), *guards])
        payloads = [self._catalogue.encode(change.event) for change in decision.changes]
        for guard in guards:
            if guard not in self.working.changed:
                batch.guards[guard] = self.working.version(guard)
        number = len(batch.commands) + 1
        for index, (change, payload) in enumerate(zip(decision.changes, payloads, strict=True)):
            version = self.working.apply(change.stream, change.event)
            batch.events.append((change.stream, version, change.event.topic, payload, number, index))


@dataclass
class Decided:
    """What came of a batch: columns to append, keys to make durable first, and a result per command."""

    results: list[Result | None]
    batch: Batch = field(default_factory=Batch)
    keys: list[GuestKey] = field(default_factory=list)
    written: dict[int, int] = field(default_factory=dict)
    """Place of a command in the request order → the number of events of the batch up to and with it."""

    def outcomes_at(self, base_position: int) -> list[Result]:
        """Give the results with ledger positions, when the first event of the batch stands after `base_position`."""
        results: list[Result] = []
        for place, result in enumerate(self.results):
            if result is None:
                message = "a command was left undecided"
                raise RuntimeError(message)
            if place in self.written and isinstance(result, Outcome):
                results.append(replace(result, position=base_position + self.written[place]))
            else:
                results.append(result)
        return results

    def record(self, place: int, envelope: Envelope, outcome: Outcome, events: int) -> None:
        """Note the outcome of a command that wrote the last `events` events of the batch."""
        self.results[place] = outcome
        self.written[place] = len(self.batch.events)
        self.batch.commands.append((
            envelope.command_id, events, envelope.occurred_at, envelope.correlation_id,
            envelope.cause_position, envelope.actor, envelope.business_date,
        ))  # fmt: skip
        self.batch.outcomes.append((envelope.fingerprint, len(self.batch.events), msgspec.json.encode(outcome)))


async def decide_all(envelopes: Sequence[Envelope], handlers: Mapping[type[Command], Handler], reading: Round) -> Decided:
    """Decide all commands of a batch. Nothing is written yet; a fault of one command is that command's result.

    In order, except that a command which turns out to need more than it named is decided after its neighbours.
    """
    decided = Decided([None] * len(envelopes))
    first: dict[UUID, int] = {}
    for place, envelope in enumerate(envelopes):
        first.setdefault(envelope.command_id, place)
    recorded = await reading.read(_wanted(envelopes, handlers, reading), first)
    waiting: list[int] = []
    for place, envelope in enumerate(envelopes):
        if envelope.command_id in recorded:
            decided.results[place] = _again(envelope, *recorded[envelope.command_id])
        elif first[envelope.command_id] == place:
            waiting.append(place)
    for _ in range(READING_ROUNDS - 1):
        wanted = _wanted([envelopes[place] for place in waiting], handlers, reading)
        if not wanted:
            break
        await reading.read(wanted)
    for _ in range(LATE_ROUNDS):
        waiting, unread = _decide_in_order(waiting, envelopes, handlers, reading, decided)
        if not waiting:
            break
        await reading.read(unread)
    for place in waiting:
        decided.results[place] = RuntimeError(f"{type(envelopes[place].command).__name__} never had enough to read")
    _answer_twins(envelopes, first, decided)
    return decided


def _wanted(envelopes: Iterable[Envelope], handlers: Mapping[type[Command], Handler], reading: Round) -> set[UUID]:
    wanted: set[UUID] = set()
    for envelope in envelopes:
        try:
            wanted.update(handlers[type(envelope.command)].reads(envelope, reading.working))
        except Unread as unread:
            wanted.update(unread.streams)
        except Exception:
            # Its decision will name what it needs, or fail as its own result; the neighbours go on.
            logger.exception("what %s reads could not be named", type(envelope.command).__name__)
    return {stream for stream in wanted if stream not in reading.folded}


def _decide_in_order(
    places: Iterable[int], envelopes: Sequence[Envelope], handlers: Mapping[type[Command], Handler],
    reading: Round, decided: Decided,
) -> tuple[list[int], set[UUID]]:  # fmt: skip
    late: list[int] = []
    unread: set[UUID] = set()
    for place in places:
        envelope = envelopes[place]
        now = max(envelope.occurred_at, reading.folded.recorded_at)
        try:
            decision = handlers[type(envelope.command)].decide(envelope, reading.working, now)
            accepted = Outcome(accepted=True, answer=msgspec.to_builtins(decision.answer))
            reading.encode(decision, decided.batch)
        except Unread as missing:
            late.append(place)
            unread.update(missing.streams)
        except Refusal as refusal:
            decided.record(place, envelope, refused(refusal), 0)
        except Exception as bug:
            logger.exception("%s could not be decided", type(envelope.command).__name__)
            decided.results[place] = bug
        else:
            decided.keys.extend(envelope.keys)
            decided.record(place, envelope, accepted, len(decision.changes))
    return late, unread


def _again(envelope: Envelope, fingerprint: bytes, outcome: Outcome) -> Outcome:
    if fingerprint == envelope.fingerprint:
        return outcome
    return refused(IdReused("This Idempotency-Key was used before with other content: send a new key for a new request."))


def _answer_twins(envelopes: Sequence[Envelope], first: Mapping[UUID, int], decided: Decided) -> None:
    """Give the same command, sent twice within the batch, one answer."""
    for place, envelope in enumerate(envelopes):
        twin = first[envelope.command_id]
        result = decided.results[twin]
        if twin == place or decided.results[place] is not None or result is None:
            continue
        same = envelopes[twin].fingerprint == envelope.fingerprint
        decided.results[place] = (
            result if same or isinstance(result, Exception) else _again(envelope, b"", Outcome(accepted=False))
        )
        if same and twin in decided.written:
            decided.written[place] = decided.written[twin]
