"""What routes ask for by name: the desk of the property in the address, who is calling, and the idempotency key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from asgi_correlation_id import correlation_id
from fastapi import Depends, Header, Query, Request, Response
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase

from commands.dispatch import Asked
from ledger.command import Urgency
from ledger.ids import holder_stream, http_command_id
from ledger.keys import blind_index
from queries.access import Caller
from web.house import Desk, House
from web.problems import Problem

API = "/api/v1/properties/{property_code}"
LONGEST_KEY = 255


async def house_of(request: Request) -> House:
    """Give what the wiring put into the application."""
    house: House = request.app.state.house
    return house


HouseDoor = Annotated[House, Depends(house_of)]


async def desk_of(property_code: str, request: Request) -> Desk:
    """Give the desk of the property in the address. Raises Problem 404."""
    house: House = request.app.state.house
    desk = await house.desk(property_code)
    if desk is None:
        raise Problem("property.unknown", f"There is no property {property_code!r}: check the address.")
    return desk


DeskDoor = Annotated[Desk, Depends(desk_of)]


@dataclass(frozen=True)
class Visitor:
    """Who calls: a guest, or the holder of an API key. `token` is what was presented, `address` where from."""

    address: str
    caller: Caller | None
    token: str

    @property
    def actor(self) -> str:
        """Name the caller for the ledger."""
        return f"key:{self.caller.key_id}" if self.caller else "guest"

    def must(self, scope: str, property_code: str) -> None:
        """Raises Problem 401 without a good API key, 403 when its scopes do not cover this."""
        if self.caller is None:
            raise Problem(
                "key.unknown", f"This needs an API key with the scope {scope}: send it as Authorization: Bearer nl_…."
            )
        if not self.caller.may(scope, property_code):
            raise Problem(
                "key.scope_missing", f"This API key lacks the scope {scope} for {property_code}: ask for another key."
            )


class _Bearer(SecurityBase):
    """Describes to readers of the API what may be sent as a bearer token, and tells who calls."""

    def __init__(self) -> None:
        self.scheme_name = "HTTPBearer"
        self.model = HTTPBearerModel(description="An API key (nl_…) with the needed scope, or a manage token")

    async def visitor(self, request: Request) -> Visitor:
        """Tell who calls. Raises Problem 401 for an API key that is not good, and 429 for too many of those."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() == "bearer" else ""
        address = request.client.host if request.client else "unknown"
        caller = await _caller(request.app.state.house, token, address) if token.startswith("nl_") else None
        return Visitor(address, caller, token)


class Doorkeeper(_Bearer):
    """Tells who calls."""

    async def __call__(self, request: Request) -> Visitor:
        """Look at a request."""
        return await self.visitor(request)


visitor_of = Doorkeeper()
VisitorDoor = Annotated[Visitor, Depends(visitor_of)]


@dataclass(frozen=True)
class Reception:
    """All three at once, for routes that are asked often: what asks for three doors by name costs three times as much."""

    house: House
    desk: Desk
    visitor: Visitor


class Receptionist(_Bearer):
    """Leads to the desk of the property in the address, and tells who calls."""

    async def __call__(self, request: Request, property_code: str) -> Reception:
        """Look at a request. Raises Problem 404 as well."""
        visitor = await self.visitor(request)
        return Reception(request.app.state.house, await desk_of(property_code, request), visitor)


ReceptionDoor = Annotated[Reception, Depends(Receptionist())]


async def _caller(house: House, key: str, address: str) -> Caller:
    caller = await house.access.caller(key)
    if caller is None:
        await house.limits.check(address)
        raise Problem("key.unknown", "This API key is unknown or revoked: ask for a new one.")
    return caller


KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key")]


async def key_of(idempotency_key: KeyHeader = None) -> str:
    """Give the request's idempotency key. Raises Problem 422 when it is missing or too long."""
    return checked_key(idempotency_key)


def checked_key(key: str | None) -> str:
    """Give an idempotency key that may be used. Raises Problem 422."""
    if not key or len(key) > LONGEST_KEY:
        raise Problem(
            "malformed",
            "Every write needs a header Idempotency-Key of 1 to 255 characters: send a new UUID for each new request.",
            field="Idempotency-Key",
        )
    return key


KeyDoor = Annotated[str, Depends(key_of)]
After = Annotated[int | None, Query(ge=0, description="Wait briefly until this ledger position is shown")]


def asked(house: House, desk: Desk, visitor: Visitor, route: str, key: str, email: str = "", browser: str = "") -> Asked:
    """Put together who asks for a command: its id from caller, route and key; the limits of guests without a key."""
    code = desk.listed.code
    return Asked(
        command_id=http_command_id(f"{code}/{visitor.actor}/{_who(house, email)}", route, key),
        actor=visitor.actor,
        correlation_id=correlation(),
        urgency=Urgency.PROMISED if visitor.caller else Urgency.GUEST,
        holders=()
        if visitor.caller
        else holders(house, code, {"address": visitor.address, "email": email, "browser": browser}),
    )


def _who(house: House, email: str) -> str:
    """Tell guests apart, who have no key to be known by: two may use the same idempotency key."""
    return blind_index(house.settings.blind_secret, "caller", "", email) if email else ""


def holders(house: House, property_code: str, known_by: Mapping[str, str]) -> tuple[tuple[UUID, int], ...]:
    """Name the streams that count a guest's live holds, with the most that each may have (a browser as an address)."""
    settings = house.settings
    day = house.clock.now().date().isoformat()
    most = {"address": settings.holds_per_address, "browser": settings.holds_per_address, "email": settings.holds_per_email}
    return tuple(
        (holder_stream(property_code, blind_index(settings.blind_secret, kind, day, value)), most[kind])
        for kind, value in known_by.items()
        if most[kind] and value
    )


def correlation() -> UUID | None:
    """Give the request's id as the ledger keeps it."""
    text = correlation_id.get()
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest()) if text else None


async def settle(desk: Desk, model: str, after: int | None, response: Response | None = None, position: int = 0) -> None:
    """Wait briefly until a read model shows a position, and say in the answer which one it shows."""
    if after is not None:
        await desk.progress.wait(model, after)
    if response is not None and position:
        response.headers["Ledger-Position"] = str(position)


def written(found: object, position: int, status: int = 200, **headers: str) -> Response:
    """Write an answer as JSON, and say which position it shows."""
    headers = {"Ledger-Position": str(position), **headers}
    return Response(msgspec.json.encode(found), status, headers, media_type="application/json")
