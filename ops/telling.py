"""Reservations as text for a terminal, and as JSON for scripts. Personal data stays sealed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from ops.settings import BadConfiguration
from ops.wiring import Wiring
from projections.stays import StayRow
from web.house import Desk


async def reservation_text(wiring: Wiring, property_code: str, reservation_id: UUID) -> tuple[dict[str, Any], str]:
    """Give a reservation as (JSON, text). Raises BadConfiguration when there is none."""
    desk = await desk_of(wiring, property_code)
    found = await desk.reservations.from_ledger(reservation_id)
    if found is None:
        message = f"{property_code} has no reservation {reservation_id}"
        raise BadConfiguration(message)
    document = found.document
    lines = [f"{document.held.confirmation_code}  {document.state}  position {found.position}"]
    lines += [_line(row) for row in document.stays]
    lines += [
        f"  payment {row.payment_id}  {row.state}  {row.amount.amount_minor} {row.amount.currency}" for row in document.payments
    ]
    return {"reservation_id": str(reservation_id), "position": found.position, **msgspec.to_builtins(document)}, "\n".join(
        lines
    )


def _line(row: StayRow) -> str:
    stay = row.booked
    rooms = ", then ".join(room for _, room in row.rooms)
    pinned = f"  pinned: {row.pin}" if row.pin else ""
    return (
        f"  {stay.room_type} {rooms}  {stay.dates.arrival} to {stay.dates.departure}  {stay.rate_plan}"
        f"  {stay.price.total.amount_minor} {stay.price.total.currency} minor units  {row.state}{pinned}  {stay.stay_id}"
    )


async def desk_of(wiring: Wiring, property_code: str) -> Desk:
    """Give the desk of a property. Raises BadConfiguration when there is none."""
    desk = await wiring.desk(property_code)
    if desk is None:
        message = f"there is no property {property_code!r}: run nightledger seed FILE first"
        raise BadConfiguration(message)
    return desk
