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
    """Note it once; nothing when it was noted before, or nobody asked for it. Raises Reservation.Unknown."""
    command = envelope.asks(RecordVendorForgot)
    reservation = known.get(Reservation, command.reservation_id)
    reservation.must_exist()
    if reservation.vendors_left is None or command.vendor not in reservation.vendors_left:
        return Decision()
    left = tuple(each for each in reservation.vendors_left if each != command.vendor)
    forgot = Reservation.VendorForgot(vendor=command.vendor, reference=command.reference, left=left)
    return Decision(changes=[Change(command.reservation_id, forgot)])


HANDLER = Handler(reads, decide)
