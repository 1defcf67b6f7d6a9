"""Routes that are asked so often that the framework's own way of reading parameters, one by one, would cost most of it.

They are declared and described like all others; only the reading is done here: who is at the desk, one model of the query
string, one of the body, and headers.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, get_args, get_type_hints

from fastapi import HTTPException, Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from web.doors import Receptionist

Reader = Callable[[Request], Awaitable[Any]]


class QuickRoute(APIRoute):
    """A route whose endpoint answers with a finished Response; a kind of parameter not named above raises TypeError."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the function that reads the parameters, in their order, and asks the endpoint."""
        endpoint = self.endpoint
        hints = get_type_hints(endpoint, include_extras=True)
        readers = {name: _reader(get_args(hint)) for name, hint in hints.items() if name != "return"}

        async def handle(request: Request) -> Response:
            answer: Response = await endpoint(**{name: await read(request) for name, read in readers.items()})
            return answer

        return handle


def _reader(annotated: tuple[Any, ...]) -> Reader:
    """Choose how to read a parameter. Raises TypeError."""
    match annotated:
        case (_, params.Depends(dependency=Receptionist() as receptionist)):
            return lambda request: receptionist(request, request.path_params["property_code"])
        case (type() as model, params.Query()) if issubclass(model, BaseModel):
            return lambda request: _query(request, model)
        case (type() as model, params.Body()) if issubclass(model, BaseModel):
            return lambda request: _body(request, model)
        case (_, params.Header(alias=str() as name)):
            return lambda request: _header(request, name)
    message = f"a quick route cannot read {annotated}: use another route"
    raise TypeError(message)


async def _header(request: Request, name: str) -> str | None:
    return request.headers.get(name)


async def _query(request: Request, model: type[BaseModel]) -> BaseModel:
    """Read the query string; parameters that the model does not know are left aside. Raises RequestValidationError."""
    return _validated(model, dict(request.query_params), "query")


async def _body(request: Request, model: type[BaseModel]) -> BaseModel:
    """Read a JSON body. Raises RequestValidationError, HTTPException 400 when it cannot be read at all."""
    raw = await request.body()
    if not raw:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    if not _says_json(request.headers.get("content-type", "")):
        return _validated(model, raw, "body")
    try:
        content = json.loads(raw)
    except json.JSONDecodeError as wrong:
        where = ("body", wrong.pos)
        raise RequestValidationError([{"type": "json_invalid", "loc": where, "msg": "JSON decode error"}]) from None
    except (UnicodeDecodeError, RecursionError):
        raise HTTPException(400, "There was an error parsing the body") from None
    return _validated(model, content, "body")


def _says_json(content_type: str) -> bool:
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


def _validated(model: type[BaseModel], content: object, place: str) -> BaseModel:
    try:
        return model.model_validate(content, from_attributes=True)
    except ValidationError as wrong:
        raise RequestValidationError(_placed(wrong.errors(), place)) from None


def _placed(errors: Iterable[Any], place: str) -> list[dict[str, Any]]:
    return [{**error, "loc": (place, *error["loc"])} for error in errors]
