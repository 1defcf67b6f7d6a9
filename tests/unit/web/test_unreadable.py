"""What the web answers when an event in the way cannot be read."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from ledger.unreadable import CorruptEvent, UnknownTopic, Unreadable
from web.problems import install

ABOUT_A_FIELD = ValueError("Expected `int`, got `str` - at `$.total.amount_minor`")


async def ask(app: FastAPI) -> Response:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://hotel") as client:
        return await client.get("/api/anything")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (UnknownTopic("reservation.held.v9", "reservation.held.v1"), "run the release that wrote it"),
        (
            CorruptEvent("reservation.held.v1", ValueError("Expected `int`, got `str` - at `$.total.amount_minor`")),
            "total.amount",
        ),
    ],
)
def test_it_is_a_clear_503_and_no_fault(wrong: Unreadable, said: str) -> None:
    app = FastAPI()
    install(app)

    @app.get("/api/anything")
    def anything() -> None:
        raise wrong.at(17)

    answer = asyncio.run(ask(app))
    problem = answer.json()
    assert (answer.status_code, problem["code"], answer.headers["Retry-After"]) == (503, "ledger.unreadable", "60")
    for part in ("position 17", wrong.topic, said, "Nothing was written."):
        assert part in problem["detail"]
