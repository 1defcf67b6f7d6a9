"""Commands, the envelope they travel in, and what comes of them: a decision, then an outcome."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict

from ledger.catalogue import Aggregate
from ledger.event import Event
from ledger.keys import Sealed
from ledger.refusal import Refusal, Repeated

A = TypeVar("A", bound=Aggregate)
FINGERPRINT_BYTES = 16


class Command(BaseModel):
    """A request to change something. Its fields are the content: what an HTTP body, a script or a saga may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")


C = TypeVar("C", bound=Command)


class Urgency(IntEnum):
    """Who is served first when the queue is long: work already promised before new guests."""

    PROMISED = 0
    GUEST = 1


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command with everything around it. `sealed` holds encrypted personal fields; their keys are durable already.

    `advice` is what the edge adds for its handler (limits, rooms that a read model proposes to try first); it may be wrong
    about rooms, and it is not part of the content.
    """

    command: Command
    command_id: UUID
    property_code: str
    actor: str
    occurred_at: datetime
    fingerprint: bytes
    correlation_id: UUID | None = None
    cause_position: int | None = None
    business_date: date | None = None
    sealed: Mapping[str, Sealed] = {}
    advice: object = None
    urgency: Urgency = Urgency.GUEST

    def asks(self, kind: type[C]) -> C:
        """Give the command as what its handler knows it to be. Raises TypeError for another kind."""
        if isinstance(self.command, kind):
            return self.command
        message = f"this handler decides {kind.__name__}, not {type(self.command).__name__}"
        raise TypeError(message)


class Change(msgspec.Struct, frozen=True, gc=False):
    """One new event of one stream."""

    stream: UUID
    event: Event


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an accepted command does: events in order, streams it relied on without writing them, and the answer.

    The answer may hold whatever msgspec can write as JSON: ids and dates need not be texts yet.
    """

    changes: Sequence[Change] = ()
    guards: Iterable[UUID] = ()
    answer: Mapping[str, Any] = {}


class Unread(LookupError):
    """A decision asked for streams that were not read yet; the writer reads them and asks again."""

    def __init__(self, streams: Iterable[UUID]) -> None:
        super().__init__("streams not read yet")
        self.streams = tuple(streams)


class Known(Protocol):
    """What the deciding batch has read: folded aggregates by stream."""

    def get(self, kind: type[A], stream: UUID) -> A:
        """Give the aggregate of a stream, empty when nothing happened to it. Raises Unread."""

    def version(self, stream: UUID) -> int:
        """Give the version of a stream, 0 when nothing happened to it. Raises Unread."""

    def require(self, streams: Iterable[UUID]) -> None:
        """Make sure that all of `streams` were read. Raises Unread naming all that were not."""


class Reads(Protocol):
    """Which streams a command wants, given what is known; asked again until it names nothing new."""

    def __call__(self, envelope: Envelope, known: Known) -> Iterable[UUID]:
        """Name streams. May raise Unread, which names streams too."""


class Decide(Protocol):
    """The pure decision: events and an answer, or a refusal raised. `now` is never before the last recorded event."""

    def __call__(self, envelope: Envelope, known: Known, now: datetime) -> Decision:
        """Decide. Raises Refusal, Unread."""


@dataclass(frozen=True)
class Handler:
    """The two pure functions of a use case."""

    reads: Reads
    decide: Decide


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The recorded result of a command: accepted with an answer, or refused with a code. Holds no personal data.

    `again` says that it was recorded earlier, for the same command; it is never stored.
    """

    accepted: bool
    position: int = 0
    answer: dict[str, Any] = {}
    code: str = ""
    message: str = ""
    details: dict[str, Any] = {}
    again: bool = False

    def or_raise(self) -> Outcome:
        """Give itself when accepted. Raises Repeated with the recorded refusal otherwise."""
        if self.accepted:
            return self
        raise Repeated(self.code, self.message, self.details, again=self.again)


def refused(refusal: Refusal) -> Outcome:
    """Give the outcome that records a refusal."""
    details = refusal.details | ({"field": refusal.field} if refusal.field else {})
    return Outcome(accepted=False, code=refusal.code, message=refusal.message, details=details)


Fingerprinter = Callable[[Command], bytes]


def fingerprinter(secret: bytes) -> Fingerprinter:
    """Make the function that gives a keyed hash of a command's name and content, without clock or suggestion."""

    def fingerprint(command: Command) -> bytes:
        content = f"{type(command).__name__}:{command.model_dump_json()}"
        return hmac.digest(secret, content.encode(), "sha256")[:FINGERPRINT_BYTES]

    return fingerprint
