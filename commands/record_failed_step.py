"""Record that an attempt to call the payment provider was seen to have done nothing, so that the next has a new key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.payment import Payment
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class RecordFailedStep(Command):
    """Which step of which payment, which attempt (from 1), and the provider's word for it."""

    payment_id: UUID
    step: str
    attempt: int
    reason: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the payment."""
    return [envelope.asks(RecordFailedStep).payment_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Note it once. Raises Payment.Unknown."""
    command = envelope.asks(RecordFailedStep)
    events = known.get(Payment, command.payment_id).note_failed_step(command.step, command.attempt, command.reason)
    return Decision(changes=[Change(command.payment_id, event) for event in events])


HANDLER = Handler(reads, decide)
