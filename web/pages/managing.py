"""A guest's own booking: shown, put into a calendar, cancelled. The link from the mail is exchanged for a cookie at once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from commands.cancel_reservation import CancelReservation
from ledger.price import CancellationPolicy
from ledger.refusal import Refusal
from queries.bookings import booking_of, cancellation_preview
from queries.calendar_file import calendar_file, calendar_stay
from queries.reservations import ReservationFound
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.house import Desk, House
from web.pages.views import reservation_view, subject_of
from web.problems import Problem
from web.templating import page

router = APIRouter(include_in_schema=False)
REASONS = (
    ("change_of_plans", "My plans have changed"),
    ("illness", "Illness"),
    ("travel_disruption", "My journey cannot take place"),
    ("found_alternative", "I found something else"),
    ("duplicate", "I booked twice"),
    ("other", "Another reason"),
)


@router.get("/manage/{token}")
async def enter(request: Request, house: HouseDoor, token: str) -> Response:
    """Exchange the link for a cookie and show the booking."""
    subject = house.links.read_manage(token)
    if subject is None:
        raise Problem("reservation.unknown", "This link is not complete: copy the whole link from the mail.")
    property_code, reservation_id = subject
    onward = RedirectResponse(subject_of(reservation_id), 303)
    return Forms(house, request).show_booking(onward, property_code, reservation_id)


@router.get("/booking/{reservation_id}")
async def show(request: Request, house: HouseDoor, reservation_id: UUID, new: bool = False) -> Response:
    """Show the booking in whatever state it is."""
    desk, found = await _mine(request, house, reservation_id)
    hotel = await desk.hotel.current()
    booking = booking_of(found, hotel, house.clock.now())
    view = reservation_view(found, hotel, booking, house.links.pay_url(desk.listed.code, reservation_id))
    address = subject_of(reservation_id)
    return page(
        request, "confirmation.html", reservation=view, calendar_url=f"{address}/calendar.ics", cancel_url=f"{address}/cancel",
        just_confirmed=new and booking.state == "confirmed",
    )  # fmt: skip


@router.get("/booking/{reservation_id}/calendar.ics")
async def calendar(request: Request, house: HouseDoor, reservation_id: UUID) -> Response:
    """Give the stay as a calendar file."""
    desk, found = await _mine(request, house, reservation_id)
    stay = calendar_stay(found, await desk.hotel.current(), house.clock.now())
    body = calendar_file(stay, cancelled=found.document.state != "confirmed")
    headers = {"Content-Disposition": 'attachment; filename="stay.ics"'}
    return Response(body, media_type="text/calendar", headers=headers)


@router.get("/booking/{reservation_id}/cancel")
async def preview(request: Request, house: HouseDoor, reservation_id: UUID) -> Response:
    """Show what cancelling would cost and give back."""
    desk, found = await _mine(request, house, reservation_id)
    hotel = await desk.hotel.current()
    now = house.clock.now()
    booking = booking_of(found, hotel, now)
    if not booking.can_cancel:
        return RedirectResponse(subject_of(reservation_id), 303)
    fee, refund = cancellation_preview(found, now)
    policy: CancellationPolicy = found.document.held.stays[0].price.policy
    deadline = policy.free_until if policy.free_until and now < policy.free_until else None
    forms = Forms(house, request)
    return forms.keep(
        page(
            request, "cancel.html", csrf_token=forms.token(), idempotency_key=uuid4().hex, errors=[], reasons=REASONS,
            preview={"fee": fee, "refund": refund, "policy_text": policy.text, "deadline": deadline},
            reservation=reservation_view(found, hotel, booking, ""), manage_url=subject_of(reservation_id),
            expected_fee_minor=fee.amount_minor,
        )
    )  # fmt: skip


@router.post("/booking/{reservation_id}/cancel")
async def cancel(
    request: Request, house: HouseDoor, visitor: VisitorDoor, reservation_id: UUID,
    reason: Annotated[str, Form()] = "other", csrf_token: Annotated[str, Form()] = "",
    idempotency_key: Annotated[str, Form()] = "", expected_fee_minor: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """Cancel, for the fee that was shown."""
    Forms(house, request).check(csrf_token)
    desk, _ = await _mine(request, house, reservation_id)
    known = dict(REASONS)
    command = CancelReservation(
        reservation_id=reservation_id,
        reason=reason if reason in known else "other",  # type: ignore[arg-type]  # checked against the same list of codes
        expected_fee_minor=expected_fee_minor,
    )
    key = idempotency_key or uuid4().hex
    try:
        await desk.dispatch(command, asked(house, desk, visitor, f"cancel/{reservation_id}", key))
    except Refusal as refusal:
        return page(
            request, "problem.html", status=409, title="Not cancelled", detail=refusal.message, next_step=None,
            link={"href": subject_of(reservation_id), "text": "Back to your booking"},
        )  # fmt: skip
    return RedirectResponse(subject_of(reservation_id), 303)


async def _mine(request: Request, house: House, reservation_id: UUID) -> tuple[Desk, ReservationFound]:
    """Give desk and reservation to the browser that was let in to it, and to no other. Raises Problem 401, 404."""
    property_code = Forms(house, request).property_of(reservation_id)
    desk = await house.desk(property_code) if property_code else None
    if desk is None:
        raise Problem("key.unknown", "Open your booking with the link from the confirmation mail.")
    request.state.hotel = (await desk.hotel.current()).definition
    found = await desk.reservations.from_ledger(reservation_id)
    if found is None:
        raise Problem("reservation.unknown", "There is no such booking: use the link from the mail.")
    return desk, found
