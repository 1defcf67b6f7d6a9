"""The API explorer under our own policy (a broken one is a fault of the visitor's): complete without any other host."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import Invite
from tests.browser.visitor import Visitor

LIVEZ = "/livez"


def opens(visitor: Visitor) -> list[str]:
    """Open the explorer; give the addresses that are asked from then on."""
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.opens("/docs")
    return asked


def test_it_lists_and_tries_without_another_host(invite: Invite) -> None:
    visitor = invite()
    asked = opens(visitor)
    described = visitor.page.request.get(f"{visitor.running.url}/openapi.json").json()
    blocks = visitor.page.locator(".opblock")
    expect(blocks).to_have_count(sum(len(each) for each in described["paths"].values()))
    expect(visitor.page.locator(".errors-wrapper")).to_have_count(0)
    livez = blocks.filter(has_text=LIVEZ)
    livez.get_by_role("button").first.click()
    livez.get_by_role("button", name="Try it out").click()
    livez.get_by_role("button", name="Execute").click()
    expect(livez.locator(".live-responses-table .response-col_status").filter(has_text="200")).to_be_visible()
    assert visitor.running.url + LIVEZ in asked
    ours = urlsplit(visitor.running.url).netloc
    assert {urlsplit(address).netloc for address in asked if not address.startswith("data:")} == {ours}


def test_without_a_script_it_is_a_list(invite: Invite) -> None:
    visitor = invite(script=False)
    opens(visitor)
    expect(visitor.page.get_by_role("row").filter(has_text="GET").filter(has_text=LIVEZ)).to_be_visible()
    expect(visitor.page.get_by_role("link", name="/openapi.json")).to_be_visible()
