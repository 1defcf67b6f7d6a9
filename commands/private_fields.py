"""Personal fields that are added to a reservation later: sealed by the dispatch under the guest's own key, or refused.

The box is bound to the reservation, the field and the command that added it: a later event's version is not known ahead.
"""

from __future__ import annotations

from uuid import UUID

from aggregates.reservation import Reservation
from ledger.command import Envelope
from ledger.keys import GuestKey, Sealed
from ledger.refusal import Refusal
from ledger.sealing import NO_VERSION, added_by


class GuestForgotten(Refusal):
    """There is no key to seal it under any more."""

    code = "reservation.guest_forgotten"


def seal_field(key: GuestKey, reservation_id: UUID, command_id: UUID, field: str, value: object) -> Sealed:
    """Seal a field for the event that a command will write. Raises ValueError without the profile key."""
    return key.seal(value, reservation_id, NO_VERSION, added_by(command_id, field))


def sealed_field(envelope: Envelope, reservation: Reservation, field: str) -> Sealed:
    """Give what was sealed for this command. Raises GuestForgotten when the guest's key is gone, or is to go."""
    box = envelope.sealed.get(field)
    if box is None or reservation.vendors_left is not None:
        raise GuestForgotten("The guest was forgotten, so nothing personal can be kept about them any more.")
    return box
