"""The explorer's page: the same policy as every page, and a list of operations where its files are not installed."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from web import explorer
from web.guard import Guard, headers_for
from web.limits import Limits

CHECKOUT = "https://checkout.example"
INSTALLED, MISSING = ("scripts/explorer.js",), ("vendor/explorer/nowhere.js",)


def shown(monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], path: str = "/docs") -> httpx.Response:
    """Open an address of a site that has the explorer and one route more, where the explorer needs these files."""
    monkeypatch.setattr(explorer, "FILES", files)
    app = FastAPI(title="A ledger", summary="For hotels", docs_url=None)
    app.include_router(explorer.router)
    app.add_api_route("/rooms/{room}", lambda room: room, summary="Tell about a <room>", methods=["GET"])
    app.add_middleware(Guard, limits=Limits(MovingWindowRateLimiter(MemoryStorage()), 0), checkout_origin=CHECKOUT)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_its_headers_are_those_of_every_page(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = shown(monkeypatch, INSTALLED, path)
    assert answer.status_code == 200
    assert {name: answer.headers.get_list(name) for name in headers_for(CHECKOUT)} == {
        name: [value] for name, value in headers_for(CHECKOUT).items()
    }
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(("files", "scripts"), [(INSTALLED, 2), (MISSING, 0)])
def test_it_lists_operations_and_asks_for_no_file_that_is_not_there(
    files: tuple[str, ...], scripts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(monkeypatch, files).text
    assert text.count("<script src=") == scripts
    assert ("is not installed here" in text) == (scripts == 0)
    assert "<td>GET</td><td><code>/rooms/{room}</code></td><td>Tell about a &lt;room&gt;</td>" in text
    assert "http://" not in text
    assert "https://" not in text
