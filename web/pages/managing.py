"""A guest's own booking: shown, printed, put into a calendar, paid.

Changing, cancelling and asking for something are pages of their own, beside this one.
"""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from commands.request_payment import RequestPayment
from ledger.refusal import Refusal
from queries.calendar_file import calendar_file, calendar_stay
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.pages.booking_view import reservation_view
from web.pages.mine import OWN_PAGE, Mine, MyBooking
from web.problems import status_of
from web.templating import page

router = APIRouter(prefix=OWN_PAGE, include_in_schema=False)
ON_THE_BOOKS = frozenset({"confirmed", "in_house", "checked_out"})
"""States in which the calendar entry stands."""


@router.get("")
async def show(
    request: Request, house: HouseDoor, mine: MyBooking, new: bool = False, paid: bool = False, done: str = ""
) -> Response:
    """Show the booking in whatever state it is. `new`, `paid` and `done` tell what the guest has just done."""
    forms = Forms(house, request)
    return forms.keep(
        page(
            request, "booking.html", manage_url=mine.address, csrf_token=forms.token(), idempotency_key=uuid4().hex,
            reservation=reservation_view(mine, house.links.pay_url(mine.desk.listed.code, mine.reservation_id)),
            just_confirmed=new and mine.booking.state == "confirmed", just_done="paid" if paid else done,
        )
    )  # fmt: skip


@router.get("/sheet")
async def sheet(request: Request, mine: MyBooking) -> Response:
    """Show the confirmation on one sheet, to be printed or kept as a file."""
    return page(request, "sheet.html", reservation=reservation_view(mine), manage_url=mine.address)


@router.get("/calendar.ics")
async def calendar(mine: MyBooking) -> Response:
    """Give the stay as a calendar file."""
    stay = calendar_stay(mine.found, mine.hotel, mine.now)
    body = calendar_file(stay, cancelled=mine.booking.state not in ON_THE_BOOKS)
    headers = {"Content-Disposition": 'attachment; filename="stay.ics"'}
    return Response(body, media_type="text/calendar", headers=headers)


@router.post("/pay")
async def pay(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MyBooking,
    csrf_token: Annotated[str, Form()] = "", idempotency_key: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Go on to the payment of what is left."""
    Forms(house, request).check(csrf_token)
    held = mine.found.document.held
    command = RequestPayment(
        reservation_id=mine.reservation_id, language=held.language, purpose="balance",
        description=f"{mine.hotel.definition.name}, booking {held.confirmation_code}",
    )  # fmt: skip
    route, key = f"pay/{mine.reservation_id}", idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, route, key))
    except Refusal as refusal:
        return refused(request, mine, refusal, "Nothing to pay just now")
    return RedirectResponse(house.links.pay_url(mine.desk.listed.code, mine.reservation_id), 303)


def refused(request: Request, mine: Mine, refusal: Refusal, title: str) -> Response:
    """Say why something could not be done, with the way back to the booking."""
    return page(
        request, "problem.html", status=status_of(refusal), title=title, detail=refusal.message, next_step=None,
        link={"href": mine.address, "text": "Back to your booking"},
    )  # fmt: skip
