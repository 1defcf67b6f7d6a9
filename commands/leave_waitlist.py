"""Leave the waitlist. Who was offered a room has left it already, and gives the offer back like any other hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates.waitlist import Waitlist
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import waitlist_stream


class LeaveWaitlist(Command):
    """Wait no longer."""

    entry_id: UUID


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the waitlist."""
    return [waitlist_stream(envelope.property_code)]


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Leave it. Raises Waitlist.Unknown."""
    entry_id, stream = envelope.asks(LeaveWaitlist).entry_id, waitlist_stream(envelope.property_code)
    left = known.get(Waitlist, stream).leave(entry_id, "withdrawn")
    return Decision(changes=[Change(stream, left)], answer={"entry_id": entry_id, "state": "withdrawn"})


HANDLER = Handler(reads, decide)
