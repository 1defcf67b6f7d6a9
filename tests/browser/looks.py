"""What every look at a page checks: no sideways scrolling, no violation that axe can find; and the pictures that are kept.

Pictures are taken on purpose only: NIGHTLEDGER_PICTURES=1 writes them to docs/pictures, or to the folder that it names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.browser.visitor import Visitor

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

    def seen_by(self, visitor: Visitor) -> None:
        """Lead a visitor to the page and look at it."""
        visitor.expected = self.expected
        self.way(visitor)
        look_at(self.name, visitor)


def look_at(name: str, visitor: Visitor) -> None:
    """Look at the page before a visitor on a phone and on a desk, and at its width on every screen."""
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
    wanted = os.environ.get("NIGHTLEDGER_PICTURES")
    if not wanted:
        return
    folder = Path(wanted) if "/" in wanted else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    visitor.page.evaluate(
        """async () => {
            document.querySelectorAll('img').forEach(each => { each.loading = 'eager'; });
            await Promise.all([...document.images].map(each => each.decode().catch(() => {})));
            await document.fonts.ready;
        }"""
    )
    visitor.page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=80, full_page=True)
