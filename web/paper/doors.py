"""Where the confirmation file is fetched: by the guest from the booking page, and through the API. It is never kept."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from web.api.reservations import Token, TokenHeader, found_now, may
from web.doors import DeskDoor, HouseDoor, VisitorDoor
from web.pages.booking_view import reservation_view
from web.pages.mine import OWN_PAGE, Mine, MyBooking
from web.paper.drawing import confirmation_file

pages = APIRouter(prefix=OWN_PAGE, include_in_schema=False)
router = APIRouter(tags=["reservations"])


class PdfResponse(Response):
    """A PDF file, as the description of the API names it."""

    media_type = "application/pdf"


@pages.get("/confirmation.pdf")
async def own_confirmation(request: Request, mine: MyBooking) -> Response:
    """Give the booking as a file."""
    return await _file_of(request, mine)


@router.get("/reservations/{reservation_id}/confirmation.pdf", response_class=PdfResponse)
async def confirmation(
    request: Request, house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, reservation_id: UUID,
    token: Token = None, manage_token: TokenHeader = None,
) -> Response:  # fmt: skip
    """Give a reservation as the PDF file that its guest can download."""
    may(house, desk, visitor, "reservations:read", reservation_id, token or manage_token)
    found = await found_now(desk, reservation_id)
    return await _file_of(request, Mine(desk, await desk.hotel.current(), found, house.clock.now()))


async def _file_of(request: Request, mine: Mine) -> Response:
    """Write the file beside the event loop, one at a time: it is a tenth of a second of computing, for long stays seconds."""
    async with request.app.state.writing_a_file:
        body = await run_in_threadpool(confirmation_file, reservation_view(mine), mine.hotel.definition, mine.now)
    name = f"{mine.found.document.held.confirmation_code}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Ledger-Position": str(mine.found.position),
    }
    return PdfResponse(body, headers=headers)
