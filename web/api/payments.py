"""POST /reservations/{id}/payments: a page to pay what is left of a booking, or a part of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from commands.request_payment import RequestPayment
from queries.bookings import booking_of
from web.api.amounts import amount
from web.api.reservations import Token, TokenHeader, found_now, may
from web.doors import DeskDoor, HouseDoor, KeyHeader, VisitorDoor, asked, checked_key

router = APIRouter(tags=["reservations"])


class PaymentRequest(BaseModel):
    """How much to pay, in minor units: all that is left when not told."""

    model_config = ConfigDict(extra="forbid")

    purpose: Literal["balance", "extra"] = "balance"
    amount_minor: int | None = Field(default=None, ge=1)


@router.post("/reservations/{reservation_id}/payments")
async def pay(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, response: Response, reservation_id: UUID,
    request: Annotated[PaymentRequest | None, Body()] = None, preview: bool = False,
    idempotency_key: KeyHeader = None, token: Token = None, manage_token: TokenHeader = None,
) -> dict[str, Any]:  # fmt: skip
    """Open a payment page; with `?preview=true` only tell what is due. 409 `payment.nothing_due`, `payment.too_much`."""
    may(house, desk, visitor, "reservations:write", reservation_id, token or manage_token)
    found = await found_now(desk, reservation_id)
    hotel = await desk.hotel.current()
    if preview:
        booking = booking_of(found, hotel, house.clock.now())
        response.headers["Ledger-Position"] = str(found.position)
        left = found.document.held.pay_now if booking.state == "held" else booking.balance
        due = {"total": amount(booking.owed), "paid": amount(booking.paid), "due": amount(left)}
        return {"reservation_id": str(reservation_id), **due, "position": found.position, "preview": True}
    body = request or PaymentRequest()
    held = found.document.held
    command = RequestPayment(
        reservation_id=reservation_id, purpose=body.purpose, amount_minor=body.amount_minor, language=held.language,
        description=f"{hotel.definition.name}, booking {held.confirmation_code}",
    )  # fmt: skip
    outcome = await desk.dispatch(
        command, asked(house, desk, visitor, f"payments/{reservation_id}", checked_key(idempotency_key))
    )
    response.headers["Ledger-Position"] = str(outcome.position)
    checkout_url = house.links.pay_url(desk.listed.code, reservation_id)
    return {**outcome.answer, "checkout_url": checkout_url, "position": outcome.position}
