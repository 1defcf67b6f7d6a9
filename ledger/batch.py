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
from ledger.folded import Folded, Stream, Working
from ledger.log import Batch, Connection, Log
from ledger.refusal import IdReused, Refusal
from ledger.unreadable import Unreadable

logger = logging.getLogger(__name__)

READING_ROUNDS = 3
LATE_ROUNDS = 8
"""Rounds for decisions that need more than their `reads` named: a whole room type when it is nearly full, in three portions;
then the nights around a stay and who has them, and all nights that can be booked, when only moving others makes room."""

LARGEST_COMMAND_BYTES = 1_000_000
"""What the events of one command may take in the log; a hotel of 2,000 rooms is defined in about 120,000."""

Result = Outcome | Exception


class TooLarge(Refusal):
    """A command would write more than the log takes at once."""

    code = "command.too_large"


class Round:
    """Reads for one batch on one connection; every reading brings all kept streams up to the same moment."""

    def __init__(
        self, log: Log, connection: Connection, folded: Folded, catalogue: Catalogue, underway: Mapping[int, Stream]
    ) -> None:
        self._log = log
        self._connection = connection
        self._catalogue = catalogue
        self.folded = folded
        self.working = Working(folded, underway)

    async def read(self, streams: Iterable[UUID], command_ids: Iterable[UUID] = ()) -> dict[UUID, tuple[bytes, Outcome]]:
        """Read `streams` that are not kept yet, catch up with all others, and give recorded outcomes."""
        fresh = [stream for stream in streams if stream not in self.folded]
        reading = await self._log.read(self._connection, self.folded.position, fresh, command_ids)
        self.folded.take(reading, fresh)
        return reading.outcomes

    def encode(self, decision: Decision, batch: Batch) -> None:
        """Put a decision on top of the working state and into the batch, or leave both as they are. Raises Unread."""
        guards = tuple(decision.guards)
        streams = self.working.opened([change.stream for change in decision.changes], guards)
        payloads = [self._catalogue.encode(change.event) for change in decision.changes]
        _check_size(payloads)
        for guard in guards:
            if guard.int not in self.working.changed:
                batch.guards[guard] = self.working.version(guard)
        number = len(batch.commands) + 1
        for index, (change, stream, payload) in enumerate(zip(decision.changes, streams, payloads, strict=True)):
            topic = change.event.topic
            stream.apply(self._catalogue.aggregate_of(topic), change.event)
            batch.events.append((change.stream, stream.version, topic, payload, number, index))


@dataclass
class Decided:
    """What came of a batch: columns to append, and a result per command."""

    results: list[Result | None]
    batch: Batch = field(default_factory=Batch)
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
    recorded = await _read_what_is_named(envelopes, first, handlers, reading)
    waiting: list[int] = []
    for place, envelope in enumerate(envelopes):
        if envelope.command_id in recorded:
            decided.results[place] = _again(envelope, *recorded[envelope.command_id])
        elif first[envelope.command_id] == place:
            waiting.append(place)
    for _ in range(LATE_ROUNDS):
        waiting, unread = _decide_in_order(waiting, envelopes, handlers, reading, decided)
        if not waiting:
            break
        await reading.read(unread)
    for place in waiting:
        decided.results[place] = RuntimeError(f"{type(envelopes[place].command).__name__} never had enough to read")
    _answer_twins(envelopes, first, decided)
    return decided


async def _read_what_is_named(
    envelopes: Sequence[Envelope], command_ids: Iterable[UUID], handlers: Mapping[type[Command], Handler], reading: Round
) -> dict[UUID, tuple[bytes, Outcome]]:
    """Read what the commands name, asking those again that could not name all; give the outcomes of repeated ids."""
    named, unfinished = _named(envelopes, handlers, reading)
    recorded = await reading.read(named, command_ids)
    for _ in range(READING_ROUNDS - 1):
        more, unfinished = _named(unfinished, handlers, reading)
        named += more
        # What was kept may have moved meanwhile, too.
        missing = [stream for stream in named if stream not in reading.folded]
        if not missing:
            break
        await reading.read(missing)
    return recorded


def _named(
    envelopes: Iterable[Envelope], handlers: Mapping[type[Command], Handler], reading: Round
) -> tuple[list[UUID], list[Envelope]]:
    """Give the streams that commands name, and the commands that stopped where something was not read yet."""
    named: list[UUID] = []
    unfinished: list[Envelope] = []
    for envelope in envelopes:
        try:
            for stream in handlers[type(envelope.command)].reads(envelope, reading.working):
                named.append(stream)  # noqa: PERF402 - what was named before Unread counts, too
        except Unread as unread:
            named.extend(unread.streams)
            unfinished.append(envelope)
        except Unreadable:
            continue  # its decision will meet the same stream and say so
        except Exception:
            # Its decision will name what it needs, or fail as its own result; the neighbours go on.
            logger.exception("what %s reads could not be named", type(envelope.command).__name__)
    return named, unfinished


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
        except Unreadable as damaged:
            logger.error("%s could not be decided: %s", type(envelope.command).__name__, damaged)  # noqa: TRY400 - it says where
            decided.results[place] = damaged
        except Exception as bug:
            logger.exception("%s could not be decided", type(envelope.command).__name__)
            decided.results[place] = bug
        else:
            decided.record(place, envelope, accepted, len(decision.changes))
    return late, unread


def _check_size(payloads: Sequence[bytes]) -> None:
    size = sum(map(len, payloads))
    if size > LARGEST_COMMAND_BYTES:
        raise TooLarge(
            f"This would write {size:,} bytes of events, and one command may write {LARGEST_COMMAND_BYTES:,}:"
            " split it into smaller requests.",
            bytes=size,
            limit_bytes=LARGEST_COMMAND_BYTES,
        )


def _again(envelope: Envelope, fingerprint: bytes, outcome: Outcome) -> Outcome:
    if fingerprint == envelope.fingerprint:
        return replace(outcome, again=True)
    return refused(IdReused("This Idempotency-Key was used before with other content: send a new key for a new request."))


def _answer_twins(envelopes: Sequence[Envelope], first: Mapping[UUID, int], decided: Decided) -> None:
    """Give the same command, sent twice within the batch, one answer."""
    for place, envelope in enumerate(envelopes):
        twin = first[envelope.command_id]
        result = decided.results[twin]
        if twin == place or decided.results[place] is not None or result is None:
            continue
        same = envelopes[twin].fingerprint == envelope.fingerprint
        if same and isinstance(result, Outcome):
            result = replace(result, again=True)
        decided.results[place] = (
            result if same or isinstance(result, Exception) else _again(envelope, b"", Outcome(accepted=False))
        )
        if same and twin in decided.written:
            decided.written[place] = decided.written[twin]
