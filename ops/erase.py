"""Has a guest forgotten, and says what can no longer be read and what stays.

The ledger decides first; then the key goes. The vendors are asked by the workers, who also finish what was killed here.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from aggregates.reservation import VENDORS
from commands.dispatch import Asked
from commands.erase_guest import EraseGuest
from ledger.command import Urgency
from ops.settings import BadConfiguration
from ops.telling import desk_of
from ops.wiring import Wiring
from queries.guests import GuestQuery
from sagas.forgetting import destroy, follow

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Erased:
    """What an erasure did. `fiscal_until` is None when no invoice field is left; `vendors_left` are still to be asked."""

    reservation_id: UUID
    guest_id: UUID
    confirmation_code: str
    erased_before: bool
    fiscal_until: date | None
    search_terms_dropped: bool
    vendors_left: tuple[str, ...]
    others: tuple[UUID, ...] = ()
    """Further bookings of the same person, who can still be read there."""

    def as_json(self) -> dict[str, Any]:
        """Write it for scripts."""
        return asdict(self)

    def text(self) -> str:
        """Write it for people."""
        fiscal = (
            f"name and country on the invoice, until {self.fiscal_until} (the law's time), under a key of their own"
            if self.fiscal_until
            else "no invoice field: nothing was ever booked, or its time is over"
        )
        return "\n".join([
            f"{self.confirmation_code}: the guest {'was forgotten before' if self.erased_before else 'is forgotten'}",
            "  can no longer be read: name, e-mail, phone, country, language and requests of this booking, anywhere",
            f"  search terms: {'gone' if self.search_terms_dropped else 'go as soon as the followers run'}",
            f"  stays: {fiscal}",
            "  stays: dates, rooms, prices and payments, which name nobody",
            f"  vendors: {_vendors(self.vendors_left)}; see nightledger history {self.reservation_id}",
            *(f"  booked by the same person: nightledger erase-guest {other}" for other in self.others),
        ])  # fmt: skip


async def erase_guest(wiring: Wiring, property_code: str, subject: UUID) -> Erased:
    """Forget the guest of a reservation, or of this id. Raises Refusal for a live stay, BadConfiguration, MasterKeyWrong."""
    desk = await desk_of(wiring, property_code)
    reservation_id = await _reservation(wiring, property_code, subject)
    others = await guests_of(wiring, property_code).bookings_of_person(reservation_id)
    command_id = uuid4()
    asked = Asked(command_id=command_id, actor="cli", correlation_id=command_id, urgency=Urgency.PROMISED)
    outcome = await desk.dispatch(EraseGuest(reservation_id=reservation_id), asked)
    forgetting = follow(reservation_id, await desk.streams.read([reservation_id]), VENDORS)
    await asyncio.to_thread(destroy, wiring.keys, forgetting, wiring.clock.now(), wiring.settings.fiscal_years)
    guest_id = UUID(outcome.answer["guest_id"])
    found = await desk.reservations.from_ledger(reservation_id)
    return Erased(
        reservation_id=reservation_id,
        guest_id=guest_id,
        confirmation_code=found.document.held.confirmation_code if found else "",
        erased_before=bool(outcome.answer["erased_before"]),
        fiscal_until=await asyncio.to_thread(wiring.keys.fiscal_until, guest_id),
        search_terms_dropped=await desk.progress.wait("guests", outcome.position, PATIENCE_SECONDS),
        vendors_left=forgetting.left,
        others=tuple(each for each in others if each != reservation_id),
    )


async def _reservation(wiring: Wiring, property_code: str, subject: UUID) -> UUID:
    desk = await desk_of(wiring, property_code)
    if await desk.reservations.from_ledger(subject) is not None:
        return subject
    found = await guests_of(wiring, property_code).reservation_of(subject)
    if found is None:
        message = f"{property_code} has no reservation and no guest {subject}: look for one with nightledger guest find NAME"
        raise BadConfiguration(message)
    return found


def guests_of(wiring: Wiring, property_code: str) -> GuestQuery:
    """Build the search of a property's guests."""
    return GuestQuery(wiring.models(property_code).guests.model, wiring.pool, wiring.keys)


def _vendors(left: tuple[str, ...]) -> str:
    return f"the workers ask {' and '.join(left)}" if left else f"{' and '.join(VENDORS)} have been asked"
