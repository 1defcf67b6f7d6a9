"""Record the checkout page that the provider made for a payment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.payment import Payment
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class RecordVehicle(Command):
    """The provider's session id and the address that the guest is sent to."""

    payment_id: UUID
    session_id: str
    url: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the payment."""
    return [envelope.asks(RecordVehicle).payment_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Note the page, also when the payment is to be voided by now. Raises Payment.Unknown."""
    command = envelope.asks(RecordVehicle)
    events = known.get(Payment, command.payment_id).note_vehicle(command.session_id, command.url)
    return Decision(changes=[Change(command.payment_id, event) for event in events])


HANDLER = Handler(reads, decide)
