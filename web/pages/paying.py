"""The way through the payment: to the provider's page, back from it, and what to do when it did not work.

What the guest's return says decides nothing: it is a reason to look at the provider. The page waits briefly for the
ledger and then shows what is so.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from commands.dispatch import Asked
from commands.poke_payment import PokePayment
from commands.request_payment import RequestPayment
from ledger.ids import made_by
from ledger.refusal import Refusal, code_of
from queries.reservations import ReservationFound
from web.doors import HouseDoor, correlation
from web.forms import Forms
from web.house import Desk, House
from web.pages.views import subject_of
from web.problems import Problem
from web.templating import page

router = APIRouter(include_in_schema=False)
PATIENCE_SECONDS = 4.0
LOOK_SECONDS = 0.04
RETURN_SECONDS = 3
"""Coming back several times within so many seconds is one reason to look."""
LET_IN_FOR = timedelta(minutes=15)
"""So long after the confirmation the payment link still opens the booking; then only the manage link does."""
TROUBLE_AFTER = timedelta(seconds=20)
"""A checkout page that takes longer to be made is called trouble."""
LIVE = frozenset({"requested", "open", "failed_try", "authorised"})
BOOKED = frozenset({"confirmed", "in_house", "checked_out", "cancelled", "no_show"})
"""The booking's own page tells about these, with what was paid and given back, unless a page for the rest is open."""
ENDED = frozenset({"expired", "abandoned"})
REASONS = {
    "card_declined": "The bank declined the card.",
    "generic_decline": "The bank declined the card.",
    "insufficient_funds": "The card has not enough funds for this amount.",
}


@dataclass(frozen=True)
class Paid:
    """What a payment link leads to."""

    house: House
    desk: Desk
    reservation_id: UUID
    token: str

    async def look(self) -> ReservationFound:
        """Read the reservation from the ledger, as it is at this moment."""
        found = await self.desk.reservations.from_ledger(self.reservation_id)
        if found is None:
            raise Problem("reservation.unknown", "This payment link belongs to no reservation: use the link from the mail.")
        return found


async def paid_for(request: Request, house: House, token: str) -> Paid:
    """Read a payment link. Raises Problem 404."""
    subject = house.links.read_pay(token)
    desk = await house.desk(subject[0]) if subject else None
    if subject is None or desk is None:
        raise Problem("reservation.unknown", "This payment link is not complete: use the link from the mail.")
    request.state.hotel = (await desk.hotel.current()).definition
    return Paid(house, desk, subject[1], token)


@router.get("/pay/{token}")
async def pay(request: Request, house: HouseDoor, token: str, back: bool = False) -> Response:
    """Go to the provider's page: ask for it when there is none, wait for it, redirect."""
    paid = await paid_for(request, house, token)
    found = await paid.look()
    if found.document.state in BOOKED:
        if back or _live_payment(found) is None:
            return _to_booking(request, paid, found, new=False)
        return await _onward(request, paid, found)
    if found.document.state in ENDED or found.document.held.held_until <= house.clock.now():
        return _show(request, paid, found, "expired")
    payment = _live_payment(found)
    if payment is None:
        found = await _request_payment(paid, found)
        payment = _live_payment(found)
    if payment is not None and payment.failure and back:
        return _show(request, paid, found, _failure(payment), message=REASONS.get(payment.failure))
    if back:
        return _show(request, paid, found, "abandoned")
    return await _onward(request, paid, found)


@router.post("/pay/{token}/again")
async def again(request: Request, house: HouseDoor, token: str, csrf_token: Annotated[str, Form()] = "") -> Response:
    """Go back to the provider's page, which takes another card."""
    Forms(house, request).check(csrf_token)
    return RedirectResponse(f"/pay/{token}", 303)


@router.get("/pay/{token}/return")
async def returned(request: Request, house: HouseDoor, token: str) -> Response:
    """Come back from the provider: have it looked at, wait briefly, show what is so."""
    paid = await paid_for(request, house, token)
    found = await paid.look()
    payment = _live_payment(found)
    if payment is not None:
        moment = int(house.clock.now().timestamp()) // RETURN_SECONDS
        command = PokePayment(payment_id=payment.payment_id, source="return", vendor_event_id=f"return/{moment}", kind="return")
        asked = Asked(
            command_id=made_by(payment.payment_id, f"return/{moment}"),
            actor="guest",
            correlation_id=correlation(),
        )
        await paid.desk.dispatch(command, asked)
        found = await _wait(paid, _moved_on)
    if found.document.state in BOOKED and any(row.purpose != "deposit" for row in found.document.payments[-1:]):
        # Told by what was paid, not by whether it is still open: the provider's own message may have come first.
        return RedirectResponse(f"{subject_of(paid.reservation_id)}?paid=1", 303)
    if found.document.state in BOOKED:
        return _to_booking(request, paid, found, new=True)
    if found.document.state in ENDED:
        return _show(request, paid, found, "expired")
    return _show(request, paid, found, "processing")


async def _request_payment(paid: Paid, found: ReservationFound) -> ReservationFound:
    held = found.document.held
    name = (await paid.desk.hotel.current()).definition.name
    command = RequestPayment(
        reservation_id=paid.reservation_id,
        description=f"{name}, booking {held.confirmation_code}",
        language=held.language,
    )
    number = len(found.document.payments) + 1
    asked = Asked(
        command_id=made_by(paid.reservation_id, f"request-payment/{number}"), actor="guest", correlation_id=correlation()
    )
    try:
        await paid.desk.dispatch(command, asked)
    except Refusal as refusal:
        # Not held any more, or asked for by another tab just now: what is so shows in the ledger.
        if code_of(refusal) not in {"reservation.not_held", "command.id_reused"}:
            raise
    return await paid.look()


async def _onward(request: Request, paid: Paid, found: ReservationFound) -> Response:
    """Redirect to the provider's page as soon as it is there, or show a page that asks again."""
    found = await _wait(paid, lambda now: _moved_on(now) or bool(_url(now)))
    if found.document.state in BOOKED and _live_payment(found) is None:
        return _to_booking(request, paid, found, new=False)
    if found.document.state in ENDED:
        return _show(request, paid, found, "expired")
    url = _url(found)
    if url:
        return RedirectResponse(url, 303)
    now = paid.house.clock.now()
    troubled = any(row.state == "requested" and now - row.at > TROUBLE_AFTER for row in found.document.payments)
    return _show(request, paid, found, "trouble" if troubled else "preparing")


async def _wait(paid: Paid, done: Any) -> ReservationFound:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = await paid.look()
        if done(found) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(LOOK_SECONDS)


def _moved_on(found: ReservationFound) -> bool:
    """Tell whether a hold came to its end, or, of a booking, whether no page is open any more."""
    return _live_payment(found) is None if found.document.state in BOOKED else found.document.state != "held"


def _live_payment(found: ReservationFound) -> Any:
    return next((payment for payment in found.document.payments if payment.state in LIVE), None)


def _url(found: ReservationFound) -> str:
    payment = _live_payment(found)
    return payment.url if payment is not None else ""


def _failure(payment: Any) -> str:
    return "failed_authentication" if "authentication" in payment.failure else "declined"


def _to_booking(request: Request, paid: Paid, found: ReservationFound, *, new: bool) -> Response:
    """Show the confirmation to whoever has just paid; later the payment link opens nothing that the browser may not see."""
    onward = RedirectResponse(subject_of(paid.reservation_id) + ("?new=1" if new else ""), 303)
    confirmed_at = next((fact.at for fact in found.document.timeline if fact.topic == "reservation.confirmed.v1"), None)
    if confirmed_at is None or paid.house.clock.now() - confirmed_at > LET_IN_FOR:
        return onward
    return Forms(paid.house, request).show_booking(onward, paid.desk.listed.code, paid.reservation_id)


def _show(request: Request, paid: Paid, found: ReservationFound, state: str, message: str | None = None) -> Response:
    stay = found.document.held.stays[0]
    if state == "expired" and found.document.state == "abandoned":
        state = "released"
    search = {
        "arrival": stay.dates.arrival, "departure": stay.dates.departure, "adults": stay.adults,
        "children": stay.children, "rooms": len(found.document.held.stays),
    }  # fmt: skip
    forms = Forms(paid.house, request)
    return forms.keep(
        page(
            request, "pay.html", state=state, token=paid.token, message=message, csrf_token=forms.token(),
            held_until=found.document.held.held_until, search_url=f"/rooms?{urlencode(search)}",
        )
    )  # fmt: skip
