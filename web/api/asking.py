"""Who asks for what about a reservation: what all routes share that pass a body on as a command's content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from ledger.command import Command
from web.api.reservations import Token, TokenHeader, may
from web.doors import DeskDoor, HouseDoor, KeyHeader, Visitor, VisitorDoor, asked, checked_key
from web.house import Desk, House

C = TypeVar("C", bound=Command)
SCOPE = "reservations:write"


@dataclass(frozen=True)
class Asking:
    """A caller with a request; `token` is the manage token, `key` the idempotency key, where one was sent."""

    house: House
    desk: Desk
    visitor: Visitor
    request: Request
    response: Response
    key: str | None
    token: str | None

    def guest_may(self, reservation_id: UUID) -> None:
        """Raises Problem 401, 403 unless the caller has this reservation's manage token or a key that may change any."""
        may(self.house, self.desk, self.visitor, SCOPE, reservation_id, self.token)

    def staff_may(self) -> None:
        """Raises Problem 401, 403 unless the caller has a key that may change reservations."""
        self.visitor.must(SCOPE, self.desk.listed.code)

    async def do(self, command: Command) -> dict[str, Any]:
        """Have a command decided; answer what came of it and at which position. Raises Refusal."""
        place = self.request.url.path.partition("/properties/")[2]
        outcome = await self.desk.dispatch(command, asked(self.house, self.desk, self.visitor, place, checked_key(self.key)))
        return self.shows({**outcome.answer, "position": outcome.position})

    def shows(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Say in the headers too which position an answer shows."""
        self.response.headers["Ledger-Position"] = str(answer["position"])
        return answer


async def about(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, request: Request, response: Response,
    idempotency_key: KeyHeader = None, token: Token = None, manage_token: TokenHeader = None,
) -> Asking:  # fmt: skip
    """Put a request together."""
    return Asking(house, desk, visitor, request, response, idempotency_key, token or manage_token)


def command_of(kind: type[C], content: Mapping[str, Any] | None, **ids: UUID) -> C:
    """Make a command of a body and the ids in the address. Raises RequestValidationError naming each wrong field."""
    try:
        return kind.model_validate({**(content or {}), **ids})
    except ValidationError as wrong:
        raise RequestValidationError(wrong.errors()) from None


def described(kind: type[Command], *ids: str, optional: Collection[str] = ()) -> dict[str, Any]:
    """Describe a command's content, without the ids in the address, as the body of a request; `optional` is filled in."""
    schema = kind.model_json_schema(ref_template="#/$defs/{model}")
    inner = schema.pop("$defs", {})
    schema["properties"] = {name: _inlined(field, inner) for name, field in schema["properties"].items() if name not in ids}
    schema["required"] = [name for name in schema.get("required", ()) if name not in {*ids, *optional}]
    body = {"content": {"application/json": {"schema": schema}}, "required": bool(schema["required"])}
    return {"requestBody": body}


def _inlined(part: Any, inner: Mapping[str, Any]) -> Any:
    """Put what a schema refers to in its place: the description of a route has no room for definitions of its own."""
    match part:
        case {"$ref": str() as place}:
            return _inlined(inner[place.rpartition("/")[2]], inner)
        case dict():
            return {name: _inlined(value, inner) for name, value in part.items()}
        case list():
            return [_inlined(each, inner) for each in part]
        case _:
            return part
