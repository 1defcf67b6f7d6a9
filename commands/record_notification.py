"""Record how a message fares: sending starts, the provider took it, it was delivered, or it failed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from aggregates.notification import Notification
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class RecordNotification(Command):
    """One step of a message. `detail` is the provider's message id or its word for the failure.

    `attempt` (from 1) is the one that a worker claims with the step "sending".
    """

    notification_id: UUID
    attempt: int = 0
    step: Literal["sending", "not_taken", "sent", "delivered", "failed"]
    detail: str = ""


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the notification."""
    return [envelope.asks(RecordNotification).notification_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Take the step over. Raises Notification.Unknown, Notification.Claimed."""
    command = envelope.asks(RecordNotification)
    notification = known.get(Notification, command.notification_id)
    if command.step == "sending":
        events = [notification.start_sending(command.attempt)]
    else:
        events = notification.report(command.step, command.detail)
    return Decision(changes=[Change(command.notification_id, event) for event in events])


HANDLER = Handler(reads, decide)
