"""Asking the hotel for something on the guest's own page: a note that the reception reads, sealed under the guest's key."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from commands.add_note import AddNote
from ledger.refusal import Refusal
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.house import House
from web.pages.booking_view import requests_of
from web.pages.managing import refused
from web.pages.mine import OWN_PAGE, Mine, MyBooking
from web.templating import page

router = APIRouter(prefix=OWN_PAGE, include_in_schema=False)
LONGEST = 1000
"""Characters of one request; whoever needs more says it in two."""
ASKING = frozenset({"confirmed", "in_house"})
RULE = "Please tell us in up to 1,000 plain characters what we can do for you."


@router.get("/requests")
async def ask(request: Request, house: HouseDoor, mine: MyBooking) -> Response:
    """Show what was asked for, and a place for more."""
    return _form(request, house, mine)


@router.post("/requests")
async def tell(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MyBooking,
    text: Annotated[str, Form()] = "", csrf_token: Annotated[str, Form()] = "", idempotency_key: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Hand a request to the hotel."""
    Forms(house, request).check(csrf_token)
    text = text.replace("\r\n", "\n").strip()
    if not 0 < len(text) <= LONGEST:
        return _form(request, house, mine, text, wrong=True)
    try:
        command = AddNote(reservation_id=mine.reservation_id, note=text)
    except ValidationError:
        return _form(request, house, mine, text, wrong=True)
    route, key = f"requests/{mine.reservation_id}", idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, route, key))
    except Refusal as refusal:
        return refused(request, mine, refusal, "Your request did not reach us")
    return RedirectResponse(f"{mine.address}?done=asked", 303)


def _form(request: Request, house: House, mine: Mine, text: str = "", *, wrong: bool = False) -> Response:
    if mine.booking.state not in ASKING or mine.found.document.erased_at is not None:
        return RedirectResponse(mine.address, 303)
    forms = Forms(house, request)
    return forms.keep(
        page(
            request, "requests.html", status=422 if wrong else 200, text=text, requests=requests_of(mine),
            errors=[{"field": "text", "message": RULE}] if wrong else [], csrf_token=forms.token(),
            idempotency_key=uuid4().hex, manage_url=mine.address,
            confirmation_code=mine.found.document.held.confirmation_code,
        )
    )  # fmt: skip
