"""A quick route answers, and is described, as the framework's own route with the same declaration."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Body, FastAPI, Header, Query, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from web.problems import install
from web.quick_route import QuickRoute


class Search(BaseModel):
    """Parameters of the query string."""

    arrival: date
    rooms: int = Field(default=1, ge=1, le=9)
    after: int | None = Field(default=None, ge=0, description="A position")


class Guest(BaseModel):
    """Something within a body."""

    name: str


class Content(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid")

    rooms: int = 2
    guest: Guest


Key = Annotated[str | None, Header(alias="Idempotency-Key")]


def application(kind: type[APIRoute]) -> FastAPI:
    """Declare the same two routes as one kind of route."""
    router = APIRouter(route_class=kind)

    @router.get("/search")
    async def search(asked: Annotated[Search, Query()]) -> Response:
        return Response(repr(asked))

    @router.post("/book", status_code=201, response_model=dict[str, Any])
    async def book(content: Annotated[Content, Body()], key: Key = None) -> Response:
        return Response(repr((content, key)), 201)

    app = FastAPI()
    install(app)
    app.router.routes.extend(router.routes)
    return app


def answer(kind: type[APIRoute], method: str, path: str, **more: Any) -> tuple[int, bytes]:
    """Ask one application in this process."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application(kind)), base_url="http://hotel") as client:
            return await client.request(method, f"/{path}", **more)

    answered = asyncio.run(ask())
    return answered.status_code, answered.content


QUERIES = (
    "arrival=2027-03-01", "arrival=2027-03-01&rooms=9&after=0", "", "rooms=0&after=-1", "arrival=soon&rooms=", "after=",
    "arrival=2027-03-01&rooms=2&rooms=3", "arrival=2027-03-01&utm=x", "arrival=2027-03-01T00:00:00&rooms=1.0", "arrival=%ff",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_string(query: str) -> None:
    assert answer(QuickRoute, "GET", f"search?{query}") == answer(APIRoute, "GET", f"search?{query}")


BODIES = (
    b'{"guest":{"name":"Ada"}}', b'{"guest":{"name":"Ada"},"rooms":"3"}', b'{"guest":{"name":7},"rooms":1.5,"more":1}',
    b"", b"{", b"[]", b"null", b'"text"', b'{"guest":null}', b"\xff\xfe", b'{"guest":{"name":"\xff"}}', b"[" * 50_000,
    b'{"rooms":NaN,"guest":{"name":"Ada"}}', b'{"guest":{"name":"\\ud800"}}', b"name=Ada",
)  # fmt: skip
TYPES = ("application/json", "application/json; charset=utf-8", "application/hal+JSON", "text/plain", "", "nonsense")


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:20].decode("latin-1"))
def test_a_body(body: bytes, content_type: str) -> None:
    request = {"content": body, "headers": {"Content-Type": content_type, "Idempotency-Key": "k"}}
    assert answer(QuickRoute, "POST", "book", **request) == answer(APIRoute, "POST", "book", **request)


def test_the_description() -> None:
    assert application(QuickRoute).openapi() == application(APIRoute).openapi()


def test_a_parameter_that_it_does_not_know() -> None:
    router = APIRouter(route_class=QuickRoute)

    async def odd(page: Annotated[int, Query()] = 1) -> Response:
        return Response(str(page))

    with pytest.raises(TypeError, match="use another route"):
        router.get("/odd")(odd)
