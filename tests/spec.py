"""Given what happened, when something is asked, then exactly these events, or exactly this refusal.

`then` compares whole lists, guards of nothing; `refuses` fails when nothing is refused. The state is folded here, without
the writer's own code, and like the writer's it knows only what `reads` named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from commands.block_rooms import BlockRooms
from commands.change_block import ChangeBlock
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.dispatch import HANDLERS
from commands.hold_stay import HoldStay
from commands.move_stay import MoveStay
from commands.offer_waitlist import OfferWaitlist
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.reinstate_stay import ReinstateStay
from commands.swap_stays import SwapStays
from commands.walk_in import WalkIn
from ledger.catalogue import Aggregate
from ledger.command import Change, Command, Decision, Envelope, Handler, Unread
from ledger.refusal import Refusal
from tests.examples import CODE, NO_ADVICE, NOW, SEALED, named

A = TypeVar("A", bound=Aggregate)

READING_ROUNDS = 3
LATE_READERS: frozenset[type[Command]] = frozenset({
    HoldStay, ChangeStay, MoveStay, SwapStays, CheckIn, BlockRooms, WalkIn, OpenGroup, ChangeBlock, PickUp, OfferWaitlist,
    ReinstateStay,
})  # fmt: skip
"""Commands that may ask for more while deciding: a whole room type is read only when the suggested rooms do not suffice."""


class Folds:
    """What happened, folded by stream on request. Like the writer's, it raises Unread for streams that nobody read."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = tuple(changes)
        self.read: set[UUID] = set()

    def get(self, kind: type[A], stream: UUID) -> A:
        self.require([stream])
        aggregate = kind()
        for change in self._changes:
            if change.stream == stream:
                aggregate.apply(change.event)
        return aggregate

    def version(self, stream: UUID) -> int:
        self.require([stream])
        return sum(change.stream == stream for change in self._changes)

    def require(self, streams: Iterable[UUID]) -> None:
        missing = [stream for stream in streams if stream not in self.read]
        if missing:
            raise Unread(missing)


class Story:
    """What happened so far."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def when(
        self,
        command: Command,
        *,
        at: datetime = NOW,
        command_id: UUID | None = None,
        handler: Handler | None = None,
        **extra: Any,
    ) -> Verdict:
        """Ask for something at a moment. `extra` are further fields of the envelope."""
        envelope = Envelope(
            command=command, command_id=command_id or named("command"), property_code=CODE,
            occurred_at=at, fingerprint=b"", **{"actor": "test", "sealed": {"guest": SEALED}, "advice": NO_ADVICE, **extra},
        )  # fmt: skip
        known = Folds(self._changes)
        chosen = handler or HANDLERS[type(command)]
        _read(chosen, envelope, known)
        try:
            return Verdict(_decide(chosen, envelope, known, at))
        except Refusal as refusal:
            return Verdict(refusal)


class Verdict:
    """What came of it: a decision or a refusal."""

    def __init__(self, result: Decision | Refusal) -> None:
        self._result = result

    def then(self, *changes: Change) -> Verdict:
        """Expect exactly these changes, in this order."""
        happened = list(self.decision.changes)
        for number, (got, expected) in enumerate(zip(happened, changes, strict=False), 1):
            assert got == expected, f"change {number} is\n  {got}\nand not\n  {expected}"
        assert happened[len(changes) :] == [], f"more happened than expected: {happened[len(changes) :]}"
        assert list(changes[len(happened) :]) == [], f"less happened than expected: {changes[len(happened) :]}"
        return self

    def answers(self, **answer: object) -> Verdict:
        """Expect at least these entries in the answer."""
        recorded = msgspec.to_builtins(self.decision.answer)
        given_back = {name: recorded.get(name) for name in answer}
        assert given_back == answer, f"the answer says {given_back}, not {answer}"
        return self

    def refuses(self, kind: type[Refusal], **details: object) -> None:
        """Expect this very refusal, with at least these details."""
        assert isinstance(self._result, Refusal), f"nothing was refused, instead: {self._result}"
        assert type(self._result) is kind, f"refused with {self._result!r}, not {kind.__qualname__}"
        for name, value in details.items():
            assert self._result.details.get(name) == value, f"{name} is {self._result.details.get(name)}, not {value}"

    @property
    def refusal(self) -> Refusal | None:
        """The refusal, when there is one."""
        return self._result if isinstance(self._result, Refusal) else None

    @property
    def decision(self) -> Decision:
        """The decision, when nothing was refused."""
        if isinstance(self._result, Refusal):
            message = f"refused: {self._result!r}"
            raise AssertionError(message) from self._result  # noqa: TRY004 - this is how a test fails
        return self._result


def given(*changes: Change) -> Story:
    """Begin with what happened."""
    return Story(changes)


def _read(handler: Handler, envelope: Envelope, known: Folds) -> None:
    for _ in range(READING_ROUNDS):
        wanted: set[UUID] = set()
        try:
            wanted.update(handler.reads(envelope, known))
        except Unread as unread:
            wanted.update(unread.streams)
        if wanted <= known.read:
            return
        known.read |= wanted


def _decide(handler: Handler, envelope: Envelope, known: Folds, now: datetime) -> Decision:
    late: list[UUID] = []
    decision: Decision | None = None
    while decision is None:
        try:
            decision = handler.decide(envelope, known, now)
        except Unread as unread:
            late.extend(unread.streams)
            known.read.update(unread.streams)
    if type(envelope.command) not in LATE_READERS:
        _must_be_named(envelope.command, late)
    _must_be_named(
        envelope.command,
        [stream for stream in (*(change.stream for change in decision.changes), *decision.guards) if stream not in known.read],
    )
    return decision


def _must_be_named(command: Command, streams: Sequence[UUID]) -> None:
    assert not streams, f"`reads` of {type(command).__name__} did not name {streams}, which deciding needed"
