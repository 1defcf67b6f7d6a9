"""Record what the provider says about a refund that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.payment import Payment
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class RecordRefundObservation(Command):
    """The provider's refund and its status in the provider's words."""

    payment_id: UUID
    refund_id: UUID
    vendor_refund_id: str
    status: str
    reason: str = ""


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the payment."""
    return [envelope.asks(RecordRefundObservation).payment_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Settle the refund when the provider has; a status of another refund changes nothing. Raises Payment.Unknown."""
    command = envelope.asks(RecordRefundObservation)
    payment = known.get(Payment, command.payment_id)
    events = payment.settle_refund(command.refund_id, command.status, command.vendor_refund_id, command.reason)
    return Decision(changes=[Change(command.payment_id, event) for event in events])


HANDLER = Handler(reads, decide)
