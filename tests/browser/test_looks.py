"""Every guest page as eyes, thumbs and screen readers meet it: no sideways scrolling, no violation that axe can find, pictures.

Pictures are taken on purpose only: NIGHTLEDGER_PICTURES=1 writes them to docs/pictures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.conftest import Invite
from tests.browser.visitor import DECLINED, PLAIN, WITH_3DS, Visitor

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "docs" / "pictures"
SMALLEST, PHONE, DESK = 360, 390, 1440
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True)
class Sight:
    """One page of the site: how a visitor gets there, and which refusals are part of it."""

    name: str
    way: Callable[[Visitor], object]
    expected: tuple[int, ...] = ()


def declined(visitor: Visitor) -> None:
    """Come back from a card that was declined."""
    visitor.holds().pays(DECLINED).sees("Your card was declined.")
    visitor.page.wait_for_timeout(1000)
    visitor.goes_back()


def not_authenticated(visitor: Visitor) -> None:
    """Come back from a bank that did not believe it."""
    visitor.holds().pays(WITH_3DS).authenticates(passes=False).sees("unable to authenticate")
    visitor.page.wait_for_timeout(1000)
    visitor.goes_back()


def wrong_details(visitor: Visitor) -> None:
    """Send the form half empty."""
    visitor.searches().chooses()
    visitor.page.get_by_label("E-mail").fill("ada at example")
    visitor.presses("Hold my room").sees("Please tell us your name")


SIGHTS = (
    Sight("home", lambda visitor: visitor.opens()),
    Sight("rooms", lambda visitor: visitor.searches()),
    Sight("rooms-wrong", lambda visitor: visitor.opens("/rooms?arrival=2020-01-01&departure=2020-01-01&adults=0"), (422,)),
    Sight("details", lambda visitor: visitor.searches().chooses()),
    Sight("details-wrong", wrong_details, (422,)),
    Sight("abandoned", lambda visitor: visitor.holds().goes_back()),
    Sight("declined", declined),
    Sight("not-authenticated", not_authenticated),
    Sight("confirmation", lambda visitor: visitor.books()),
    Sight("cancel", lambda visitor: visitor.books().follows("Cancel this stay")),
    Sight(
        "cancelled", lambda visitor: visitor.books(PLAIN).follows("Cancel this stay").presses("Cancel it").reads("This stay is")
    ),
    Sight("held", lambda visitor: visitor.page.goto(visitor.asks_elsewhere()["manage_url"])),
    Sight("given-back", lambda visitor: visitor.page.goto(visitor.asks_elsewhere(gives_back=True)["manage_url"])),
    Sight("too-late-to-pay", lambda visitor: visitor.page.goto(visitor.asks_elsewhere(gives_back=True)["checkout_url"])),
    Sight("not-found", lambda visitor: visitor.opens("/nowhere"), (404,)),
    Sight("price-gone", lambda visitor: visitor.opens("/book?quote_id=x"), (410,)),
    Sight("not-let-in", lambda visitor: visitor.opens("/booking/6f9619ff-8b86-4d01-b42d-00cf4fc964ff"), (401,)),
    Sight("checkout", lambda visitor: visitor.holds()),
    Sight("bank", lambda visitor: visitor.holds().pays(WITH_3DS).reads("Is this you?")),
)


@pytest.fixture(params=SIGHTS, ids=lambda sight: str(sight.name))
def sight(request: pytest.FixtureRequest, invite: Invite) -> tuple[str, Visitor]:
    """Give a visitor who stands before a page."""
    wanted: Sight = request.param
    visitor = invite(width=PHONE, height=844)
    visitor.expected = wanted.expected
    wanted.way(visitor)
    return wanted.name, visitor


def test_a_page(sight: tuple[str, Visitor]) -> None:
    name, visitor = sight
    for width in (PHONE, DESK):
        visitor.page.set_viewport_size({"width": width, "height": 844 if width == PHONE else 900})
        keep_picture(visitor, f"{name}-{width}")
        assert_reachable(visitor)
    for width in (SMALLEST, PHONE, 768, 1024, DESK):
        visitor.page.set_viewport_size({"width": width, "height": 800})
        wide = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide on a screen of {width}: {widest(visitor)}"


def assert_reachable(visitor: Visitor) -> None:
    """Let axe look for what keeps somebody out; a browser test without it looks at the rest."""
    if not AXE.is_file():
        return
    visitor.page.evaluate(AXE.read_text())
    found = visitor.page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", RULES)
    violations = [
        f"{each['id']}: {each['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert not violations, json.dumps(violations, indent=1)


def widest(visitor: Visitor) -> object:
    """Name the elements that stick out."""
    return visitor.page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 5).map(each => each.outerHTML.slice(0, 120))"""
    )


def keep_picture(visitor: Visitor, name: str) -> None:
    """Take a picture of the whole page, when that is wanted."""
    if not os.environ.get("NIGHTLEDGER_PICTURES"):
        return
    PICTURES.mkdir(parents=True, exist_ok=True)
    visitor.page.evaluate(
        """async () => {
            document.querySelectorAll('img').forEach(each => { each.loading = 'eager'; });
            await Promise.all([...document.images].map(each => each.decode().catch(() => {})));
            await document.fonts.ready;
        }"""
    )
    visitor.page.screenshot(path=PICTURES / f"{name}.jpg", type="jpeg", quality=80, full_page=True)
