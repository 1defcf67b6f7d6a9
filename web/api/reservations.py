"""GET /reservations/{id} and its cancellation, for whoever has the manage token or an API key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Response
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict

from commands.cancel_reservation import CancellationReason, CancelReservation
from queries.bookings import Booking, booking_of, cancellation_preview, total_of
from queries.reservations import Note, ReservationFound
from web.api.amounts import amount
from web.doors import After, DeskDoor, HouseDoor, KeyHeader, Visitor, VisitorDoor, asked, checked_key, settle
from web.house import Desk, House
from web.problems import Problem

router = APIRouter(tags=["reservations"])
Token = Annotated[str | None, Query(description="The manage token, when it is not sent as a bearer")]
TokenHeader = Annotated[str | None, Header(alias="Manage-Token")]


class CancelRequest(BaseModel):
    """Why, and, to be safe, which fee was shown and which version was looked at."""

    model_config = ConfigDict(extra="forbid")

    reason: CancellationReason = "other"
    expected_fee_minor: int | None = None
    expected_version: int | None = None


@router.get("/reservations/{reservation_id}")
async def reservation(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, response: Response, reservation_id: UUID,
    after: After = None, token: Token = None, manage_token: TokenHeader = None,
) -> dict[str, Any]:  # fmt: skip
    """Tell all about a reservation: state, rooms, price lines, payments, timeline."""
    may(house, desk, visitor, "reservations:read", reservation_id, token or manage_token)
    await settle(desk, "reservations", after)
    found = await _found(desk, reservation_id)
    response.headers["Ledger-Position"] = str(found.position)
    booking = booking_of(found, await desk.hotel.current(), house.clock.now())
    may_pay = visitor.caller is None or visitor.caller.may("reservations:write", desk.listed.code)
    pay_url = house.links.pay_url(desk.listed.code, reservation_id) if may_pay and booking.state == "held" else None
    notes = [note for note in found.notes if visitor.caller is not None or note.actor == "guest"]
    return reservation_json(found, booking, pay_url, notes)


@router.post("/reservations/{reservation_id}/cancel")
async def cancel(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, response: Response, reservation_id: UUID,
    request: Annotated[CancelRequest | None, Body()] = None, preview: bool = False,
    idempotency_key: KeyHeader = None,
    token: Token = None, manage_token: TokenHeader = None,
) -> dict[str, Any]:  # fmt: skip
    """Cancel by the policy; with `?preview=true` only tell fee and refund."""
    may(house, desk, visitor, "reservations:write", reservation_id, token or manage_token)
    if preview:
        found = await found_now(desk, reservation_id)
        fee, refund = cancellation_preview(found, house.clock.now())
        response.headers["Ledger-Position"] = str(found.position)
        return {"reservation_id": str(reservation_id), "fee": amount(fee), "refund": amount(refund), "preview": True}
    body = request or CancelRequest()
    command = CancelReservation(reservation_id=reservation_id, **body.model_dump())
    outcome = await desk.dispatch(
        command, asked(house, desk, visitor, f"cancel/{reservation_id}", checked_key(idempotency_key))
    )
    response.headers["Ledger-Position"] = str(outcome.position)
    return {**outcome.answer, "position": outcome.position}


def may(house: House, desk: Desk, visitor: Visitor, scope: str, reservation_id: UUID, token: str | None) -> None:
    """Raises Problem unless the caller has the reservation's manage token or a key with the scope."""
    presented = token or visitor.token
    if visitor.caller is None and presented:
        if house.links.read_manage(presented) == (desk.listed.code, reservation_id):
            return
        raise Problem("key.unknown", "This manage token is not the one of this reservation: use the link from the mail.")
    visitor.must(scope, desk.listed.code)


async def _found(desk: Desk, reservation_id: UUID) -> ReservationFound:
    """Give a reservation from the read model, or from the ledger when the read model is behind."""
    found = await desk.reservations.find(reservation_id) or await desk.reservations.from_ledger(reservation_id)
    if found is None:
        raise _unknown()
    return found


async def found_now(desk: Desk, reservation_id: UUID) -> ReservationFound:
    """Give a reservation as the ledger has it at this moment. Raises Problem 404."""
    found = await desk.reservations.from_ledger(reservation_id)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Problem:
    return Problem("reservation.unknown", "There is no such reservation: check the id or use the link from the mail.")


def reservation_json(found: ReservationFound, booking: Booking, pay_url: str | None, notes: Sequence[Note]) -> dict[str, Any]:
    """Write a reservation: amounts as {amount_minor, currency}, instants in UTC, dates of the property.

    `notes` are those that whoever asks may read: staff all of them, guests their own.
    """
    document = found.document
    held = document.held
    return {
        "reservation_id": str(found.reservation_id),
        "confirmation_code": held.confirmation_code,
        "state": booking.state,
        "position": found.position,
        "held_until": held.held_until,
        "booked_on": held.booked_on,
        "channel": held.channel,
        "guest": dict(found.guest),
        "erased_at": document.erased_at,
        "version": document.version,
        "stays": [{**_stay_json(row), "guests": found.named.get(row.booked.stay_id)} for row in document.stays],
        "notes": [{"at": note.at, "actor": note.actor, "text": note.text, "stay_id": note.stay_id} for note in notes],
        "changes": [_change_json(row) for row in document.changes],
        "total": amount(total_of(found)),
        "pay_now": amount(held.pay_now),
        "owed": amount(booking.owed),
        "paid": amount(booking.paid),
        "balance": amount(booking.balance),
        "fee": amount(document.fee) if document.fee else None,
        "refund": amount(document.refund) if document.refund else None,
        "payments": [_payment_json(payment) for payment in document.payments],
        "timeline": [
            {"at": fact.at, "what": fact.topic, "position": fact.position, "actor": fact.actor, "note": fact.note or None}
            for fact in document.timeline
        ],
        "checkout_url": pay_url,
    }


def _stay_json(row: Any) -> dict[str, Any]:
    """Write a stay as it is now; `room` is the one it ends in, `rooms` all in turn, each from its first night on."""
    written = to_builtins(row.booked)
    dates, price = written.pop("dates"), written.pop("price")
    now = {"room": row.booked.room, "state": row.state, "pin": row.pin or None, "departed_on": row.departed_on}
    rooms = [{"first_night": first, "room": room} for first, room in row.rooms]
    sums = {name: amount(sum_) if sum_ else None for name, sum_ in (("fee", row.fee), ("extras", row.extras))}
    return {**written, **dates, "nights": row.booked.dates.nights, **price, **now, "rooms": rooms, **sums}


def _change_json(row: Any) -> dict[str, Any]:
    """Write a change: what the stay was before it, and how much more it costs since."""
    before = {"room_type": row.room_type, "rate_plan": row.rate_plan, "adults": row.adults, "children": row.children}
    return {
        "at": row.at, "actor": row.actor, "position": row.position, "stay_id": str(row.stay_id), "reason": row.reason,
        "difference": amount(row.difference),
        "before": {**to_builtins(row.dates), **before, "total": amount(row.total)},
    }  # fmt: skip


def _payment_json(payment: Any) -> dict[str, Any]:
    written = {"failure": None, "refunded": None, **to_builtins(payment)}
    written.pop("url", None)
    return written
