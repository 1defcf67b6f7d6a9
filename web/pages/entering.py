"""The way in to a booking: the link from the mail, exchanged for a cookie at once so that it stays in no address bar."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from web.doors import HouseDoor
from web.forms import Forms
from web.pages.views import subject_of
from web.problems import Problem

router = APIRouter(include_in_schema=False)


@router.get("/manage/{token}")
async def enter(request: Request, house: HouseDoor, token: str) -> Response:
    """Exchange the link for a cookie and show the booking."""
    subject = house.links.read_manage(token)
    if subject is None:
        raise Problem("reservation.unknown", "This link is not complete: copy the whole link from the mail.")
    property_code, reservation_id = subject
    onward = RedirectResponse(subject_of(reservation_id), 303)
    return Forms(house, request).show_booking(onward, property_code, reservation_id)
