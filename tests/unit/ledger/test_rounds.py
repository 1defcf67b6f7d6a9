"""What a batch reads in how many rounds, which guards and counts it names, and how large a command may be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from ledger import batch as module
from ledger.batch import LATE_ROUNDS, READING_ROUNDS
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.refusal import Refusal
from ledger.unreadable import CorruptEvent
from tests.examples import CODE, NOW, named
from tests.reception import CATALOGUE
from tests.unit.ledger.desks import POKED, STREAM, Desk, note


class Follow(Command):
    """Look at so many streams, each of which is known only when the one before was read."""

    steps: int


class Rely(Command):
    """Write some streams, relying on others."""

    writes: tuple[str, ...] = ("written",)
    guards: tuple[str, ...] = ()


class Refuse(Command):
    """Be refused."""


class Closed(Refusal):
    code = "door.closed"


def follow_reads(envelope: Envelope, known: Known) -> Iterator[UUID]:
    for step in range(envelope.asks(Follow).steps):
        yield named(f"step {step}")
        known.version(named(f"step {step}"))


def follow(envelope: Envelope, known: Known, now: datetime) -> Decision:
    for step in range(envelope.asks(Follow).steps):
        known.version(named(f"step {step}"))
    return Decision(changes=[Change(named("step 0"), POKED)])


def rely_reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    command = envelope.asks(Rely)
    return map(named, (*command.writes, *command.guards))


def rely(envelope: Envelope, known: Known, now: datetime) -> Decision:
    command = envelope.asks(Rely)
    return Decision(changes=[Change(named(name), POKED) for name in command.writes], guards=map(named, command.guards))


def refuse(envelope: Envelope, known: Known, now: datetime) -> Decision:
    message = "The door is closed: knock."
    raise Closed(message)


def rely_reads_too_little(envelope: Envelope, known: Known) -> Iterable[UUID]:
    return map(named, envelope.asks(Rely).writes)


def nothing(envelope: Envelope, known: Known) -> Iterable[UUID]:
    return ()


MORE: dict[type[Command], Handler] = {
    Follow: Handler(follow_reads, follow),
    Rely: Handler(rely_reads, rely),
    Refuse: Handler(nothing, refuse),
}


def ask(command: Command, name: str, *, fingerprint: bytes = b"") -> Envelope:
    return Envelope(
        command=command, command_id=named(name), property_code=CODE, actor=name, occurred_at=NOW, fingerprint=fingerprint
    )  # fmt: skip


def desk() -> Desk:
    made = Desk()
    made.writer._handlers = {**made.writer._handlers, **MORE}
    return made


@pytest.mark.parametrize("steps", range(1, READING_ROUNDS + LATE_ROUNDS))
def test_what_is_named_step_by_step_is_read_step_by_step(steps: int) -> None:
    made = desk()
    assert made.asks(ask(Follow(steps=steps), "f"))[0].accepted
    assert made.log.asked.count("read") == steps


def test_who_never_has_enough_is_told_so_and_disturbs_nobody() -> None:
    made = desk()
    endless, beside = made.asks(ask(Follow(steps=READING_ROUNDS + LATE_ROUNDS), "f"), note("n"))
    assert isinstance(endless, RuntimeError)
    assert "Follow" in str(endless)
    assert beside.accepted
    assert made.log.batches == [["n"]]


def test_who_needs_more_than_was_named_comes_after_its_neighbours() -> None:
    made = desk()
    late, early = made.asks(ask(Follow(steps=READING_ROUNDS + 1), "late"), note("early"))
    assert (late.position, early.position) == (2, 1)
    assert made.log.batches == [["early", "late"]]


@pytest.mark.parametrize(
    ("asked", "guards"),
    [
        ([Rely(guards=("rule",))], {"rule": 0}),
        ([Rely(guards=("rule", "day"))], {"rule": 0, "day": 0}),
        ([Rely(writes=("rule",), guards=("rule",))], {}),
        ([Rely(writes=("rule",)), Rely(guards=("rule",))], {}),
        ([Rely(guards=("rule",)), Rely(writes=("rule",))], {"rule": 0}),
    ],
)
def test_what_was_relied_on_is_guarded_unless_the_batch_itself_writes_it(asked: list[Rely], guards: dict[str, int]) -> None:
    made = desk()
    assert all(outcome.accepted for outcome in made.asks(*[ask(each, f"c{place}") for place, each in enumerate(asked)]))
    assert made.log.guards == [{named(name): version for name, version in guards.items()}]


def test_a_guard_names_the_version_that_was_read() -> None:
    made = desk()

    async def run() -> None:
        await made.ask(ask(Rely(writes=("rule", "rule", "rule")), "before"))
        await made.ask(ask(Rely(guards=("rule",)), "after"))

    asyncio.run(run())
    assert made.log.guards == [{}, {named("rule"): 3}]


def test_each_command_says_how_many_events_are_its_own() -> None:
    made = desk()
    made.asks(note("two", events=2), ask(Refuse(), "none"), note("one"))
    assert made.log.counts == [[("two", 2), ("none", 0), ("one", 1)]]
    assert [(row.actor, row.command_index, row.command_count) for row in made.log.rows] == [
        ("two", 0, 2), ("two", 1, 2), ("one", 0, 1),
    ]  # fmt: skip
    assert [row.version for row in made.log.rows] == [1, 2, 3]
    assert {row.stream for row in made.log.rows} == {STREAM}


ONE = len(CATALOGUE.encode(POKED))


@pytest.mark.parametrize(("events", "limit", "refused"), [(2, 2 * ONE + 1, False), (2, 2 * ONE, False), (2, 2 * ONE - 1, True)])
def test_a_command_writes_so_many_bytes_at_most(
    events: int, limit: int, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_COMMAND_BYTES", limit)
    made = desk()
    large, beside = made.asks(note("large", events=events), note("small"))
    assert beside.accepted
    if refused:
        assert (large.code, large.details) == ("command.too_large", {"bytes": events * ONE, "limit_bytes": limit})
        assert len(made.log.rows) == 1
    else:
        assert large.accepted


def twins(first: Command, second: Command, *fingerprints: bytes) -> list[Any]:
    return desk().asks(*[ask(each, "twin", fingerprint=mark) for each, mark in zip((first, second), fingerprints, strict=True)])


def test_a_twin_of_other_content_is_refused_without_a_place_in_the_log() -> None:
    one, other = twins(Rely(), Refuse(), b"one", b"other")
    assert (one.accepted, one.position) == (True, 1)
    assert (other.code, other.again, other.position) == ("command.id_reused", False, 0)


def test_a_twin_of_a_refused_command_is_refused_with_the_same_words() -> None:
    one, other = twins(Refuse(), Refuse(), b"same", b"same")
    assert (one.code, one.again, other.code, other.again) == ("door.closed", False, "door.closed", True)
    assert (other.message, other.position) == (one.message, one.position)


def test_a_twin_of_a_command_that_failed_fails_with_it() -> None:
    one, other = twins(Follow(steps=99), Follow(steps=99), b"same", b"same")
    assert isinstance(one, RuntimeError)
    assert other is one


def test_guards_that_were_not_named_are_read_together_before_they_are_relied_on() -> None:
    made = desk()
    made.writer._handlers = {**made.writer._handlers, Rely: Handler(rely_reads_too_little, rely)}
    assert made.asks(ask(Rely(guards=("rule", "day")), "c"))[0].accepted
    assert made.log.asked.count("read") == 2
    assert made.log.guards == [{named("rule"): 0, named("day"): 0}]


def test_what_moved_between_two_readings_is_read_again_before_anybody_decides() -> None:
    made, other = desk(), desk()
    other.log = made.log
    other.writer = Desk(made.log).writer

    async def run() -> list[Any]:
        made.log.before_read = [None, lambda: other.ask(note("meanwhile"))]
        return await made.ask(note("first"), ask(Follow(steps=2), "second"))

    first, second = asyncio.run(run())
    assert (first.position, second.position) == (2, 3)
    assert made.log.batches == [["meanwhile"], ["first", "second"]]


def test_who_needs_a_damaged_stream_does_not_keep_its_neighbours_from_naming_theirs() -> None:
    made = desk()
    made.writer._handlers = {**made.writer._handlers, Refuse: Handler(get_damaged, get_damaged_decision)}

    async def run() -> list[Any]:
        await made.ask(ask(Rely(writes=("damaged",)), "before"))
        made.log.rows[0] = replace(made.log.rows[0], payload=b"{")
        made.writer._folded.start_at(1)
        first = await made.ask(ask(Refuse(), "a"))
        made.log.asked.clear()
        return [*first, *await made.ask(ask(Refuse(), "b"), note("c"))]

    first, again, beside = asyncio.run(run())
    assert (type(first), type(again)) == (CorruptEvent, CorruptEvent)
    assert beside.accepted
    assert made.log.asked.count("read") == 1


def get_damaged(envelope: Envelope, known: Known) -> Iterator[UUID]:
    yield named("damaged")
    known.version(named("damaged"))


def get_damaged_decision(envelope: Envelope, known: Known, now: datetime) -> Decision:
    known.version(named("damaged"))
    return Decision()
