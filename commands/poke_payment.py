"""Record a reason to look at a payment at its provider: a webhook or the guest's return. It decides nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.payment import Payment
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class PokePayment(Command):
    """Where the hint came from; of a webhook only id and type are kept."""

    payment_id: UUID
    source: str
    vendor_event_id: str
    kind: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the payment."""
    return [envelope.asks(PokePayment).payment_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Note the hint unless the payment is over. Raises Payment.Unknown."""
    command = envelope.asks(PokePayment)
    events = known.get(Payment, command.payment_id).poke(command.source, command.vendor_event_id, command.kind)
    return Decision(changes=[Change(command.payment_id, event) for event in events])


HANDLER = Handler(reads, decide)
