"""Reservations as text for a terminal, and as JSON for scripts. Personal data stays sealed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from babel.numbers import get_currency_precision

from ledger.money import Money
from ops.settings import BadConfiguration
from ops.wiring import Wiring
from projections.stays import StayRow
from queries.reservations import ReservationFound
from web.house import Desk


async def reservation_text(wiring: Wiring, property_code: str, reservation_id: UUID) -> tuple[dict[str, Any], str]:
    """Give a reservation as (JSON, text). Raises BadConfiguration when there is none."""
    found = await found_at(await desk_of(wiring, property_code), property_code, reservation_id)
    document = found.document
    lines = [f"{document.held.confirmation_code}  {document.state}  position {found.position}"]
    lines += [_line(row) for row in document.stays]
    lines += [f"  payment {row.payment_id}  {row.state}  {amount_in_words(row.amount)}" for row in document.payments]
    return {"reservation_id": str(reservation_id), "position": found.position, **msgspec.to_builtins(document)}, "\n".join(
        lines
    )


def _line(row: StayRow) -> str:
    stay = row.booked
    rooms = ", then ".join(room for _, room in row.rooms)
    pinned = f"  pinned: {row.pin}" if row.pin else ""
    return (
        f"  {stay.room_type} {rooms}  {stay.dates.arrival} to {stay.dates.departure}  {stay.rate_plan}"
        f"  {amount_in_words(stay.price.total)}  {row.state}{pinned}  {stay.stay_id}"
    )


async def found_at(desk: Desk, property_code: str, reservation_id: UUID) -> ReservationFound:
    """Give a reservation as the ledger has it now. Raises BadConfiguration when there is none."""
    found = await desk.reservations.from_ledger(reservation_id)
    if found is None:
        message = f"{property_code} has no reservation {reservation_id}"
        raise BadConfiguration(message)
    return found


def in_words(answer: Mapping[str, Any]) -> str:
    """Write the answer of a command in one line for each thing it says: amounts with their currency, ids as they are."""
    return "\n".join(f"{name.replace('_', ' ')}: {_word(value)}" for name, value in answer.items() if value is not None)


def _word(value: object) -> object:
    match value:
        case {"amount_minor": int() as minor, "currency": str() as currency}:
            return amount_in_words(Money(minor, currency))
        case list() | tuple():
            return ", ".join(str(_word(each)) for each in value) or "none"
        case dict():
            return ", ".join(f"{name} {_word(each)}" for name, each in value.items())
        case _:
            return value


def amount_in_words(amount: Money) -> str:
    """Write an amount with its digits after the point and its currency, like 123.45 USD."""
    digits = get_currency_precision(amount.currency)
    return f"{Decimal(amount.amount_minor).scaleb(-digits):.{digits}f} {amount.currency}"


async def desk_of(wiring: Wiring, property_code: str) -> Desk:
    """Give the desk of a property. Raises BadConfiguration when there is none."""
    desk = await wiring.desk(property_code)
    if desk is None:
        message = f"there is no property {property_code!r}: run nightledger seed FILE first"
        raise BadConfiguration(message)
    return desk
