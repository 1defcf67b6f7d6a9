"""Record that a vendor was asked to forget a guest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.reservation import Reservation
from ledger.command import Change, Command, Decision, Envelope, Handler, Known


class RecordVendorForgot(Command):
    """Which vendor, and its own reference for the deletion (never the guest's)."""

    reservation_id: UUID
    vendor: str
    reference: str


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the reservation."""
    return [envelope.asks(RecordVendorForgot).reservation_id]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Note it once. Raises Reservation.Unknown."""
    command = envelope.asks(RecordVendorForgot)
    events = known.get(Reservation, command.reservation_id).vendor_forgot(command.vendor, command.reference)
    return Decision(changes=[Change(command.reservation_id, event) for event in events])


HANDLER = Handler(reads, decide)
