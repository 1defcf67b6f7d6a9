"""Ask for a message to a guest: it is in the ledger, under its own id, before anybody sends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.notification import Notification
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import notification_id


class AskNotification(Command):
    """A message of a kind about a reservation. `cause`: the position of the event that it tells; one fact is told once."""

    reservation_id: UUID
    kind: str
    cause: int
    language: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the notification."""
    return [_stream(envelope.asks(AskNotification))]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Ask once."""
    command = envelope.asks(AskNotification)
    stream = _stream(command)
    events = known.get(Notification, stream).ask(command.reservation_id, command.kind, command.cause, command.language)
    return Decision(changes=[Change(stream, event) for event in events], answer={"notification_id": str(stream)})


def _stream(command: AskNotification) -> UUID:
    return notification_id(command.reservation_id, command.kind, command.cause)


HANDLER = Handler(reads, decide)
