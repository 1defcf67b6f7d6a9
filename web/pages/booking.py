"""The way to a booking: front page, rooms and prices, the guest's details, and the hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from commands.dispatch import Asked
from commands.hold_stay import GuestDetails, HoldStay
from ledger.clock import local_date
from ledger.command import Outcome
from ledger.refusal import Refusal, Repeated
from ledger.stay_dates import StayDates
from queries.alternatives import alternatives_for
from queries.offers import Wish, lowest_night, offers_for, plans_for
from web.api.availability import quote_id
from web.api.holds import HoldRequest, command_of
from web.doors import HouseDoor, VisitorDoor, asked
from web.forms import Forms
from web.house import Desk, House
from web.pages.front import FrontDoor
from web.pages.instead import instead_views
from web.pages.search import Search, read_search
from web.pages.views import offer_view, room_type_view
from web.problems import Problem, status_of
from web.templating import page

router = APIRouter(include_in_schema=False)
Field = Annotated[str, Form()]


@router.get("/")
async def home(request: Request, house: HouseDoor, desk: FrontDoor) -> Response:
    """Show the hotel and the search."""
    hotel = await desk.hotel.current()
    today = local_date(house.clock.now(), desk.listed.time_zone)
    rooms = [
        room_type_view(
            kind, from_price=price.total if (price := lowest_night(hotel, kind.code, today + timedelta(days=14))) else None
        )
        for kind in hotel.definition.room_types
    ]
    return page(request, "home.html", search=Search.default(today), errors=[], min_arrival=today, room_types=rooms)


@router.get("/rooms")
async def rooms(
    request: Request, house: HouseDoor, desk: FrontDoor, arrival: str = "", departure: str = "",
    adults: str = "2", children: str = "0", rooms: str = "1",
) -> Response:  # fmt: skip
    """Show what is free, with the whole price of each offer."""
    today = local_date(house.clock.now(), desk.listed.time_zone)
    search, wish, errors = read_search(
        today, arrival=arrival, departure=departure, adults=adults, children=children, rooms=rooms
    )
    if wish is None:
        return page(
            request,
            "rooms.html",
            status=422,
            search=search,
            errors=errors,
            min_arrival=today,
            nights=0,
            room_types=[],
            sold_out=[],
            alternatives=[],
        )
    hotel = await desk.hotel.current()
    found = offers_for(hotel, await desk.availability.free(wish.dates), wish)
    views = [
        room_type_view(
            kind.room_type,
            rooms_left=kind.rooms_left,
            confirmed_when_booked=kind.confirmed_when_booked,
            offers=[offer_view(offer, wish, quote_id(house, desk, wish, kind.room_type.code, offer)) for offer in kind.plans],
        )
        for kind in found
    ]
    on_offer = [view for view in views if view["offers"]]
    instead = [] if on_offer else await alternatives_for(desk.availability, hotel, wish, today)
    return page(
        request, "rooms.html", search=search, errors=[], min_arrival=today, nights=wish.dates.nights, room_types=on_offer,
        sold_out=[view for view in views if not view["offers"]], alternatives=instead_views(hotel, wish, instead),
    )  # fmt: skip


@router.get("/book")
async def details(request: Request, house: HouseDoor, desk: FrontDoor, quote_id: Annotated[str, Query()] = "") -> Response:
    """Ask who is coming."""
    return await _details(request, house, desk, quote_id, form={}, errors=[], status=200)


@router.post("/book")
async def book(
    request: Request, house: HouseDoor, desk: FrontDoor, visitor: VisitorDoor,
    quote_id: Field = "", idempotency_key: Field = "", csrf_token: Field = "",
    name: Field = "", email: Field = "", phone: Field = "", country: Field = "", requests: Field = "",
) -> Response:  # fmt: skip
    """Hold the room and go on to the payment."""
    forms = Forms(house, request)
    forms.check(csrf_token)
    form = {"name": name, "email": email, "phone": phone, "country": country, "requests": requests}
    try:
        guest = GuestDetails.model_validate(form)
    except ValidationError as wrong:
        errors = [
            {"field": str(problem["loc"][0]), "message": FIELD_RULES[str(problem["loc"][0])]} for problem in wrong.errors()
        ]
        return await _details(request, house, desk, quote_id, form=form, errors=errors, status=422)
    keys = (forms.key(quote_id, *form.values()), idempotency_key or uuid4().hex)
    try:
        command = command_of(house, desk, HoldRequest(quote_id=quote_id, guest=guest))
        outcome = await _hold_once(
            desk, command, lambda key: asked(house, desk, visitor, "book", key, email, forms.browser), keys
        )
    except RequestValidationError:
        raise Problem("malformed", "Something is wrong with this offer: search again.") from None
    except Refusal as refusal:
        return page(
            request, "problem.html", status=status_of(refusal), title="This room could not be held", detail=refusal.message,
            next_step="Nothing was charged.", link={"href": "/", "text": "Search again"},
        )  # fmt: skip
    reservation_id = UUID(outcome.answer["reservation_id"])
    onward = RedirectResponse(house.links.pay_url(desk.listed.code, reservation_id), 303)
    return forms.show_booking(onward, desk.listed.code, reservation_id)


async def _hold_once(desk: Desk, command: HoldStay, asked_under: Callable[[str], Asked], keys: tuple[str, str]) -> Outcome:
    """Hold under the content's own key, or, when that was refused earlier, under the page's.

    Who comes back with the browser's button gets a fresh page; sending the same again still means the same room.
    """
    content, fresh = keys
    try:
        return await desk.dispatch(command, asked_under(content))
    except Repeated as refusal:
        if not refusal.again:
            raise
        return await desk.dispatch(command, asked_under(fresh))


FIELD_RULES = {
    "name": "Please tell us your name, in up to 120 plain characters.",
    "email": "Please check the e-mail address: it must look like name@example.com.",
    "phone": "Please write the phone number in up to 40 plain characters.",
    "country": "Please write the country in up to 60 plain characters.",
    "requests": "Please write your wishes in up to 1,000 plain characters.",
}


async def _details(
    request: Request, house: House, desk: Desk, quote: str, *, form: dict[str, str], errors: list[dict[str, str]], status: int
) -> Response:
    quoted = house.links.read_quote(quote, house.clock.now())
    if quoted is None or quoted["property"] != desk.listed.code:
        return page(
            request, "problem.html", status=410, title="This price is not valid any more",
            detail="Offers are kept for half an hour.", next_step="Search again to see today's price; it takes a moment.",
            link={"href": "/", "text": "Search again"},
        )  # fmt: skip
    hotel = await desk.hotel.current()
    dates = StayDates(date.fromisoformat(quoted["arrival"]), date.fromisoformat(quoted["departure"]))
    wish = Wish(dates, quoted["adults"], quoted["children"], quoted["rooms"])
    kind = next(kind for kind in hotel.definition.room_types if kind.code == quoted["room_type"])
    offer = next(offer for offer in plans_for(hotel, kind.code, wish) if offer.plan.code == quoted["rate_plan"])
    view: dict[str, Any] = {**offer_view(offer, wish, quote), "room_type": room_type_view(kind), "search": Search.of(wish)}
    forms = Forms(house, request)
    return forms.keep(
        page(
            request, "details.html", status=status, offer=view, form=form, errors=errors, csrf_token=forms.token(),
            idempotency_key=uuid4().hex, hold_minutes=house.settings.hold_ttl_seconds // 60,
        )
    )  # fmt: skip
