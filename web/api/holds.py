"""POST /holds: hold rooms for a guest, who then has some minutes to pay."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commands.hold_stay import GuestDetails, HoldStay, StayWish
from commands.typed_text import Code
from web.api.description import operation_id
from web.doors import API, KeyHeader, ReceptionDoor, asked, checked_key, written
from web.house import Desk, House
from web.problems import Problem
from web.quick_route import QuickRoute

quick = APIRouter(prefix=API, tags=["holds"], route_class=QuickRoute, generate_unique_id_function=operation_id)


class HoldRequest(BaseModel):
    """Either `quote_id` from an availability answer, or room type, rate plan, dates and party (of each room), or `stays`.

    Each of `stays` has its own. `wishes` are coded requests, promises with an exclamation mark; `slot` day is day use.
    """

    model_config = ConfigDict(extra="forbid")

    quote_id: str | None = None
    room_type: Code | None = None
    rate_plan: Code | None = None
    arrival: str | None = Field(default=None, json_schema_extra={"format": "date"})
    departure: str | None = Field(default=None, json_schema_extra={"format": "date"})
    adults: int = 2
    children: int = 0
    rooms: int = 1
    wishes: list[str] | None = None
    slot: Literal["night", "day"] | None = None
    stays: list[StayWish] | None = Field(default=None, min_length=1)
    guest: GuestDetails


@quick.post("/holds", status_code=201, response_model=dict[str, Any])
async def hold(
    reception: ReceptionDoor, request: Annotated[HoldRequest, Body()], idempotency_key: KeyHeader = None
) -> Response:
    """Hold rooms. 409 `sold_out`, `quote.changed`, `quote.expired`, `restriction.*`; 429 with too many unpaid holds."""
    house, desk, visitor = reception.house, reception.desk, reception.visitor
    key = checked_key(idempotency_key)
    if visitor.caller is not None:
        visitor.must("holds:write", desk.listed.code)
    command = command_of(house, desk, request)
    outcome = await desk.dispatch(command, asked(house, desk, visitor, "holds", key, command.guest.email))
    reservation_id = UUID(outcome.answer["reservation_id"])
    held = {
        **outcome.answer,
        "checkout_url": house.links.pay_url(desk.listed.code, reservation_id),
        "manage_url": house.links.manage_url(desk.listed.code, reservation_id),
        "position": outcome.position,
    }
    location = f"/api/v1/properties/{desk.listed.code}/reservations/{reservation_id}"
    return written(held, outcome.position, 201, Location=location)


def command_of(house: House, desk: Desk, request: HoldRequest) -> HoldStay:
    """Turn a request into the command, from the quote when there is one. Raises Problem, RequestValidationError."""
    if request.stays and request.model_fields_set - {"stays", "guest"}:
        raise Problem("malformed", "Say either stays, or one room type with its dates: not both.", field="stays")
    asked_for = request.model_dump(exclude={"quote_id", "guest"}, exclude_none=True, exclude_unset=True)
    if request.quote_id is not None:
        asked_for = _from_quote(house, desk, request.quote_id)
    try:
        return HoldStay.model_validate({**asked_for, "guest": request.guest})
    except ValidationError as wrong:
        raise RequestValidationError(wrong.errors()) from None


def _from_quote(house: House, desk: Desk, quote_id: str) -> dict[str, Any]:
    quote = house.links.read_quote(quote_id, house.clock.now())
    if quote is None or quote.pop("property", None) != desk.listed.code:
        raise Problem("quote.expired", "This quote is not valid any more: search again to see today's price.", field="quote_id")
    quoted = {"amount_minor": quote.pop("total"), "currency": quote.pop("currency")}
    return {**quote, "quoted_total": quoted}
