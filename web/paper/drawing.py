"""How the confirmation file looks: A4, a letter head, lines with amounts at the right; tagged for those who listen to it.

fpdf2 tags pictures only; what tags lines here are two methods of it that are not public, which is why its version is fixed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from fpdf import FPDF, ViewerPreferences

from web.paper.fonts import BOLD, FOLDER, JOINERS, MAIN, MISSING, fonts_for, writable
from web.paper.words import Line, lines_of

MARGIN_MM = 20
AMOUNT_WIDTH_MM = 45
LINE_HEIGHT = 1.45
PIECE_LETTERS = 1500
"""A paragraph stays on one page; one longer than this many letters is written as several."""
INK, QUIET = (33, 37, 35), (95, 102, 98)
KEPT_BELOW = 3
"""Lines that stay on the page of their heading."""
LOOKS: Mapping[str, tuple[str, int, tuple[int, int, int], float, str]] = {
    "house": ("B", 16, INK, 0, "/P"),
    "head": ("", 9, QUIET, 0, "/P"),
    "code": ("B", 12, INK, 1, "/P"),
    "title": ("B", 18, INK, 8, "/H1"),
    "heading": ("B", 12, INK, 6, "/H2"),
    "text": ("", 10, INK, 0, "/P"),
    "strong": ("B", 10, INK, 0, "/P"),
    "row": ("", 10, INK, 0.3, "/P"),
    "sum": ("B", 10, INK, 0.8, "/P"),
    "small": ("", 9, QUIET, 1.5, "/P"),
}
"""Of each kind of line: style, size in points, colour, millimetres above, and what it is to a screen reader."""
MISSING_NOTE = f"Letters shown as {MISSING} cannot be written in this file. Your booking page shows them."


def confirmation_file(reservation: Mapping[str, Any], house: Any, written_at: datetime) -> bytes:
    """Write the file. `reservation` as `reservation_view` shows it, `house` the property; about 0.1 s of computing."""
    code = reservation["confirmation_code"]
    paper = Paper(f"Booking {code}", house.name, written_at)
    paper.put("house", house.name)
    paper.put("head", house.address)
    paper.put("head", f"{house.phone} · {house.email}")
    paper.put("code", f"Confirmation {code}")
    for line in lines_of(reservation, house):
        paper.say(line)
    return paper.finished()


class Paper(FPDF):
    """A4 pages that lines are put on, one below the other."""

    def __init__(self, title: str, author: str, written_at: datetime) -> None:
        super().__init__(format="A4")
        self._heading = title
        self._incomplete = False
        self._latest_font: str | None = None
        self.set_title(title)
        self.set_author(author)
        self.set_lang("en")
        self.set_creation_date(written_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self.add_font("main", "", FOLDER / f"{MAIN}.ttf")
        self.add_font("main", "B", FOLDER / f"{BOLD}.ttf")
        self.set_text_shaping(use_shaping_engine=True)
        self.set_font("main", "", 10)
        self.add_page()

    def say(self, line: Line) -> None:
        """Put one line on the page, on the next when it does not fit."""
        for piece in textwrap.wrap(line.text, PIECE_LETTERS) or [""]:
            self.put(line.kind, piece, line.amount)

    def put(self, kind: str, text: str, amount: str = "") -> None:
        """Put text on the page in the look of its kind, and `amount` at its right."""
        style, size, colour, above, tag = LOOKS[kind]
        shown = self._prepared(text)
        self.set_font("main", style, size)
        self.set_text_color(*colour)
        height = size / self.k * LINE_HEIGHT
        width = self.epw - AMOUNT_WIDTH_MM if amount else self.epw
        lines = self.multi_cell(width, height, shown, align="L", dry_run=True, output="LINES")
        needed = above + height * (len(cast("list[str]", lines)) + (KEPT_BELOW if kind == "heading" else 0))
        if self.will_page_break(needed):
            self.add_page()
        self.set_y(self.y + above)
        self._rule(kind)
        with self._tagged(tag):
            self._written(shown, amount, width, height)

    def finished(self) -> bytes:
        """Give the whole file."""
        if self._incomplete:
            self.put("small", MISSING_NOTE)
        return bytes(self.output())

    def footer(self) -> None:
        """Number the pages; nothing that a screen reader reads out."""
        self._out("/Artifact BMC")
        self.set_y(-MARGIN_MM + 5)
        self.set_font("main", "", 8)
        self.set_text_color(*QUIET)
        self.cell(0, 5, f"{self._heading} · page {self.page_no()}", align="R")
        self._out("EMC")

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """Choose the font of a letter; a joiner has that of the letter before it, or it would not join."""
        if char not in JOINERS:
            self._latest_font = super().get_fallback_font(char, style)
        return self._latest_font

    def _prepared(self, text: str) -> str:
        """Give a text as it can be written, with the fonts for it at hand."""
        shown = writable(text)
        self._incomplete = self._incomplete or MISSING in shown
        needed = fonts_for(shown)
        for font in needed:
            if font.lower() not in self.fonts:
                self.add_font(font, "", FOLDER / f"{font}.ttf")
        self.set_fallback_fonts(needed, exact_match=False)
        return shown

    def _written(self, text: str, amount: str, width: float, height: float) -> None:
        top = self.y
        self.multi_cell(width, height, text, align="L", new_x="LMARGIN", new_y="NEXT")
        below = self.y
        if amount:
            self.set_xy(self.l_margin + width, top)
            self.cell(AMOUNT_WIDTH_MM, height, writable(amount), align="R")
        self.set_xy(self.l_margin, below)

    def _rule(self, kind: str) -> None:
        if kind in {"title", "sum"}:
            self.set_draw_color(*QUIET)
            self.set_line_width(0.2)
            y = self.y - (4 if kind == "title" else 0.2)
            self._out("/Artifact BMC")
            self.line(self.l_margin, y, self.l_margin + self.epw, y)
            self._out("EMC")

    @contextmanager
    def _tagged(self, tag: str) -> Iterator[None]:
        number = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=tag, mcid=number)
        self._out(f"{tag} <</MCID {number}>> BDC")
        yield
        self._out("EMC")
