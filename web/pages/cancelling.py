"""Cancelling on the guest's own page: the whole booking, or one stay of several. The price of it is shown first."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from commands.cancel_reservation import CancelReservation
from commands.cancel_stay import CancelStay
from ledger.money import Money
from ledger.refusal import Refusal
from queries.bookings import cancellation_preview
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.house import House
from web.pages.booking_view import reservation_view, stay_view
from web.pages.managing import refused
from web.pages.mine import OWN_PAGE, Mine, MyBooking
from web.templating import page

router = APIRouter(prefix=OWN_PAGE, include_in_schema=False)
REASONS = (
    ("change_of_plans", "My plans have changed"),
    ("illness", "Illness"),
    ("travel_disruption", "My journey cannot take place"),
    ("found_alternative", "I found something else"),
    ("duplicate", "I booked twice"),
    ("other", "Another reason"),
)
Field = Annotated[str, Form()]


@router.get("/cancel")
async def preview(request: Request, house: HouseDoor, mine: MyBooking) -> Response:
    """Show what cancelling would cost and give back."""
    if not mine.booking.can_cancel:
        return RedirectResponse(mine.address, 303)
    shown = reservation_view(mine)
    return _ask(request, house, mine, shown["stays"], cancellation_preview(mine.found, mine.now))


@router.post("/cancel")
async def cancel(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MyBooking,
    reason: Field = "other", csrf_token: Field = "", idempotency_key: Field = "",
    expected_fee_minor: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """Cancel, for the fee that was shown."""
    Forms(house, request).check(csrf_token)
    command = CancelReservation(
        reservation_id=mine.reservation_id,
        reason=known(reason),
        expected_fee_minor=expected_fee_minor,
    )
    route, key = f"cancel/{mine.reservation_id}", idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, route, key))
    except Refusal as refusal:
        return refused(request, mine, refusal, "Not cancelled")
    return RedirectResponse(mine.address, 303)


@router.get("/stays/{stay_id}/cancel")
async def preview_stay(request: Request, house: HouseDoor, mine: MyBooking, stay_id: UUID) -> Response:
    """Show what cancelling one stay of several would cost and give back."""
    row = mine.stay(stay_id)
    if not mine.is_open(row):
        return RedirectResponse(mine.address, 303)
    return _ask(request, house, mine, [stay_view(mine, row)], cancellation_preview(mine.found, mine.now, stay_id))


@router.post("/stays/{stay_id}/cancel")
async def cancel_stay(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MyBooking, stay_id: UUID,
    reason: Field = "other", csrf_token: Field = "", idempotency_key: Field = "",
    expected_fee_minor: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """Cancel one stay, for the fee that was shown; the others stay as they are."""
    Forms(house, request).check(csrf_token)
    command = CancelStay(
        reservation_id=mine.reservation_id, stay_id=stay_id, reason=known(reason), expected_fee_minor=expected_fee_minor
    )
    key = idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, f"cancel/{stay_id}", key))
    except Refusal as refusal:
        return refused(request, mine, refusal, "Not cancelled")
    return RedirectResponse(f"{mine.address}?done=cancelled", 303)


def known(reason: str) -> Any:
    """Give a reason as the list of them knows it, or the last of all."""
    return reason if reason in dict(REASONS) else "other"


def _ask(request: Request, house: House, mine: Mine, stays: list[dict[str, Any]], costs: tuple[Money, Money]) -> Response:
    fee, refund = costs
    deadlines = [stay["free_cancel_until"] for stay in stays if stay["free_cancel_until"] and not stay["deadline_over"]]
    forms = Forms(house, request)
    return forms.keep(
        page(
            request, "cancel.html", csrf_token=forms.token(), idempotency_key=uuid4().hex, errors=[], reasons=REASONS,
            preview={"fee": fee, "refund": refund, "deadline": min(deadlines, default=None)}, stays=stays,
            reservation=reservation_view(mine), manage_url=mine.address, expected_fee_minor=fee.amount_minor,
        )
    )  # fmt: skip
