"""Cancelling on the guest's own page: the whole booking, or one stay of several. The price of it is shown first."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from commands.cancel_reservation import CancelReservation
from commands.cancel_stay import CancelStay
from ledger.refusal import Refusal, code_of
from queries.bookings import cancellation_preview
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.house import House
from web.pages.booking_view import reservation_view
from web.pages.managing import refused
from web.pages.mine import OWN_PAGE, Mine, MyBooking, MySettledBooking
from web.problems import status_of
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
LOOK_AGAIN = frozenset({"reservation.changed_since", "reservation.fee_changed"})
CHANGED = "Your booking was changed meanwhile. This is what cancelling would mean now."
Field = Annotated[str, Form()]
Number = Annotated[int | None, Form()]


@router.get("/cancel")
async def preview(request: Request, house: HouseDoor, mine: MyBooking) -> Response:
    """Show what cancelling would cost and give back."""
    if not mine.booking.can_cancel:
        return RedirectResponse(mine.address, 303)
    return _ask(request, house, mine)


@router.post("/cancel")
async def cancel(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MySettledBooking,
    reason: Field = "other", csrf_token: Field = "", idempotency_key: Field = "",
    expected_fee_minor: Number = None, expected_version: Number = None,
) -> Response:  # fmt: skip
    """Cancel, for the fee that was shown."""
    Forms(house, request).check(csrf_token)
    command = CancelReservation(
        reservation_id=mine.reservation_id,
        reason=known(reason),
        expected_fee_minor=expected_fee_minor,
        expected_version=expected_version,
    )
    route, key = f"cancel/{mine.reservation_id}", idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, route, key))
    except Refusal as refusal:
        return _refused(request, house, mine, refusal, None)
    return RedirectResponse(mine.address, 303)


@router.get("/stays/{stay_id}/cancel")
async def preview_stay(request: Request, house: HouseDoor, mine: MyBooking, stay_id: UUID) -> Response:
    """Show what cancelling one stay of several would cost and give back."""
    row = mine.stay(stay_id)
    if not mine.is_open(row):
        return RedirectResponse(mine.address, 303)
    return _ask(request, house, mine, stay_id)


@router.post("/stays/{stay_id}/cancel")
async def cancel_stay(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MySettledBooking, stay_id: UUID,
    reason: Field = "other", csrf_token: Field = "", idempotency_key: Field = "",
    expected_fee_minor: Number = None, expected_version: Number = None,
) -> Response:  # fmt: skip
    """Cancel one stay, for the fee that was shown; the others stay as they are."""
    Forms(house, request).check(csrf_token)
    command = CancelStay(
        reservation_id=mine.reservation_id, stay_id=stay_id, reason=known(reason),
        expected_fee_minor=expected_fee_minor, expected_version=expected_version,
    )  # fmt: skip
    key = idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, f"cancel/{stay_id}", key))
    except Refusal as refusal:
        return _refused(request, house, mine, refusal, stay_id)
    return RedirectResponse(f"{mine.address}?done=cancelled", 303)


def known(reason: str) -> Any:
    """Give a reason as the list of them knows it, or the last of all."""
    return reason if reason in dict(REASONS) else "other"


def _refused(request: Request, house: House, mine: Mine, refusal: Refusal, stay_id: UUID | None) -> Response:
    """Show what cancelling costs now, when the booking or the fee was another one; else say why it cannot be."""
    is_open = mine.is_open(mine.stay(stay_id)) if stay_id else mine.booking.can_cancel
    if code_of(refusal) not in LOOK_AGAIN or not is_open:
        return refused(request, mine, refusal, "Not cancelled")
    return _ask(request, house, mine, stay_id, CHANGED, status_of(refusal))


def _ask(
    request: Request, house: House, mine: Mine, stay_id: UUID | None = None, notice: str = "", status: int = 200
) -> Response:
    shown = reservation_view(mine)
    stays = [stay for stay in shown["stays"] if stay_id in {None, stay["stay_id"]}]
    fee, refund = cancellation_preview(mine.found, mine.now, stay_id)
    deadlines = [stay["free_cancel_until"] for stay in stays if stay["free_cancel_until"] and not stay["deadline_over"]]
    forms = Forms(house, request)
    return forms.keep(
        page(
            request, "cancel.html", status=status, csrf_token=forms.token(), idempotency_key=uuid4().hex, reasons=REASONS,
            errors=[{"field": "", "message": notice}] if notice else [], stays=stays, reservation=shown,
            preview={"fee": fee, "refund": refund, "deadline": min(deadlines, default=None)}, manage_url=mine.address,
            expected_fee_minor=fee.amount_minor, expected_version=mine.found.document.version,
        )
    )  # fmt: skip
