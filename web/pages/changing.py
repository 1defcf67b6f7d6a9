"""Changing one stay on the guest's own page: choose, see what it would cost, then do it. Nothing is decided before the last."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from commands.change_stay import ChangeStay
from commands.pricing_again import preview
from ledger.refusal import Refusal, code_of
from queries.offers import Wish
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.house import House
from web.pages.booking_view import booked_view, stay_view, words_of
from web.pages.change_form import FIELDS, Errors, Wanted, read_wanted
from web.pages.change_view import free_instead, is_free, rows_of, sums_of, what_is_wrong
from web.pages.mine import OWN_PAGE, Mine, MyBooking, MySettledBooking
from web.problems import status_of
from web.templating import page

router = APIRouter(prefix=OWN_PAGE, include_in_schema=False)
NOT_FREE = frozenset({"sold_out", "stay.room_taken", "room_night.taken", "reshuffle.promised"})
TAKEN = "This is not free: choose one of the stays that are, or other days."
Field = Annotated[str, Form()]
Number = Annotated[int | None, Form()]


@router.get("/stays/{stay_id}/change")
async def ask(request: Request, house: HouseDoor, mine: MyBooking, stay_id: UUID) -> Response:
    """Ask what is to be different, or, once that is said, show what it would mean."""
    row = mine.stay(stay_id)
    if not mine.is_open(row):
        return RedirectResponse(mine.address, 303)
    given = {name: value for name in FIELDS if (value := request.query_params.get(name))}
    wanted, wish, errors = read_wanted(mine.hotel, row.booked, given, mine.today)
    again = request.query_params.get("again") is not None
    if not given or errors or wish is None or again:
        return await _form(request, mine, row, wanted, errors, status=422 if errors else 200)
    return await _shown(request, house, mine, row, wanted, wish)


@router.post("/stays/{stay_id}/change")
async def change(
    request: Request, house: HouseDoor, visitor: VisitorDoor, mine: MySettledBooking, stay_id: UUID,
    arrival: Field = "", departure: Field = "", adults: Field = "", children: Field = "", room_type: Field = "",
    rate_plan: Field = "", csrf_token: Field = "", idempotency_key: Field = "",
    expected_difference_minor: Number = None, expected_version: Number = None,
) -> Response:  # fmt: skip
    """Change the stay, for the difference that was shown, unless somebody else has changed the booking meanwhile."""
    Forms(house, request).check(csrf_token)
    row = mine.stay(stay_id)
    given = dict(zip(FIELDS, (arrival, departure, adults, children, room_type, rate_plan), strict=True))
    wanted, wish, errors = read_wanted(mine.hotel, row.booked, given, mine.today)
    if wish is None:
        return await _form(request, mine, row, wanted, errors, status=422)
    command = _command(mine, row, wanted, wish).model_copy(
        update={"expected_difference_minor": expected_difference_minor, "expected_version": expected_version}
    )
    key = idempotency_key or uuid4().hex
    try:
        await mine.desk.dispatch(command, asked(house, mine.desk, visitor, f"change/{stay_id}", key))
    except Refusal as refusal:
        return await _refused(request, house, mine, row, (wanted, wish), refusal)
    return RedirectResponse(f"{mine.address}?done=changed", 303)


def _command(mine: Mine, row: Any, wanted: Wanted, wish: Wish) -> ChangeStay:
    return ChangeStay(
        reservation_id=mine.reservation_id, stay_id=row.booked.stay_id,
        arrival=wish.dates.arrival, departure=wish.dates.departure, adults=wish.adults, children=wish.children,
        room_type=wanted.room_type, rate_plan=wanted.rate_plan,
    )  # fmt: skip


async def _shown(
    request: Request, house: House, mine: Mine, row: Any, wanted: Wanted, wish: Wish, notice: str = ""
) -> Response:
    """Show what the change would mean, or why it cannot be and what can."""
    wrong = what_is_wrong(mine, row, wanted, wish)
    if wrong:
        return await _form(request, mine, row, wanted, [wrong], status=422)
    try:
        would_be = preview(row.booked, _command(mine, row, wanted, wish), mine.hotel.tariff, mine.today)
    except Refusal as refusal:
        return await _form(request, mine, row, wanted, [_error(refusal)], status=422)
    if not await is_free(mine, row, wanted, wish):
        return await _instead(request, mine, row, wanted, wish)
    forms, address = Forms(house, request), mine.stay_address(row.booked.stay_id, "change")
    return forms.keep(
        page(
            request, "change_preview.html", address=address, back_url=f"{address}?{wanted.query}&again",
            rows=rows_of(mine, row.booked, would_be.stay), money=sums_of(mine, would_be.difference),
            stay=booked_view(mine, would_be.stay), wanted=wanted, notice=notice, manage_url=mine.address,
            expected={"difference_minor": would_be.difference.amount_minor, "version": mine.found.document.version},
            confirmation_code=mine.found.document.held.confirmation_code, csrf_token=forms.token(),
            idempotency_key=uuid4().hex,
        )
    )  # fmt: skip


async def _form(
    request: Request, mine: Mine, row: Any, wanted: Wanted, errors: Errors, *, status: int = 200,
    alternatives: list[dict[str, Any]] | None = None, changed_since: list[str] | None = None,
) -> Response:  # fmt: skip
    return page(
        request, "change.html", status=status, stay=stay_view(mine, row), wanted=wanted, errors=errors,
        choices={"room_types": mine.hotel.definition.room_types, "plans": mine.hotel.tariff.plans}, min_arrival=mine.today,
        alternatives=alternatives or [], changed_since=changed_since, manage_url=mine.address,
        address=mine.stay_address(row.booked.stay_id, "change"),
        confirmation_code=mine.found.document.held.confirmation_code,
    )  # fmt: skip


async def _instead(
    request: Request, mine: Mine, row: Any, wanted: Wanted, wish: Wish, words: str = TAKEN, status: int = 200
) -> Response:
    """Say that it is taken, and what is free instead."""
    address = mine.stay_address(row.booked.stay_id, "change")
    offers = await free_instead(mine, row, wanted, wish, address)
    words = words if offers else "This is not free, and nothing near it is: choose other days, or call us."
    errors = [{"field": "arrival", "message": words}]
    return await _form(request, mine, row, wanted, errors, status=status, alternatives=offers)


async def _refused(
    request: Request, house: House, mine: Mine, row: Any, wanted: tuple[Wanted, Wish], refusal: Refusal
) -> Response:
    """Show the refusal where the guest can do something about it."""
    code, status = code_of(refusal), status_of(refusal)
    if code == "reservation.changed_since":
        changed = [words for topic in refusal.details.get("changed", ()) if (words := words_of(topic))]
        return await _form(
            request, mine, row, wanted[0], [], status=status, changed_since=changed or ["Details of the booking"]
        )
    if code == "stay.difference_changed":
        return await _shown(request, house, mine, row, *wanted, notice="The price is another one than a moment ago.")
    if code in NOT_FREE:
        return await _instead(request, mine, row, *wanted, status=status)
    return await _form(request, mine, row, wanted[0], [_error(refusal)], status=status)


def _error(refusal: Refusal) -> dict[str, str]:
    return {"field": str(refusal.details.get("field") or refusal.field or "arrival"), "message": refusal.message}
