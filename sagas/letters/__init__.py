"""Letters: what the guest reads for each kind of message. Pure: the same letter always comes out the same.

The words of each kind are in `templates/<kind>.txt`, written once; one HTML page and one text page give them their form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sagas.letters import wording
from sagas.letters.calendar_file import published, withdrawn
from sagas.letters.letter import Letter, LetterStay, Written
from sagas.letters.rows import rows

__all__ = ["KINDS", "Letter", "LetterStay", "UnknownKind", "Written", "write"]

CALENDARS: dict[str, Callable[[Letter], bytes]] = {"confirmed": published, "changed": published, "cancelled": withdrawn}
KINDS = ("held", "confirmed", "expired", "cancelled", "refunded", "received", "changed", "offered")


class UnknownKind(ValueError):
    """There is no letter of this kind."""


@dataclass(frozen=True)
class Words:
    """A kind's words as plain text: `opening` and `closing` are paragraphs; `conditions` is empty without a booking."""

    subject: str
    preheader: str
    title: str
    opening: list[str]
    button: str
    url: str
    closing: list[str]
    conditions: str


def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=autoescape,  # noqa: S701 - words and text pages are plain text; the HTML page escapes all that it gets
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for filter_ in (wording.money, wording.day, wording.moment, wording.nights, wording.party, wording.salutation):
        environment.filters[filter_.__name__] = filter_
    return environment


_PLAIN = _environment(autoescape=False)
_HTML = _environment(autoescape=True)


def write(kind: str, letter: Letter) -> Written:
    """Write the letter of a kind (one of KINDS). Raises UnknownKind."""
    if kind not in KINDS:
        raise UnknownKind(f"there is no letter {kind!r}: it must be one of {', '.join(KINDS)}")
    words = _words(kind, letter)
    shown = {"words": words, "letter": letter, "rows": rows(kind, letter)}
    return Written(
        subject=words.subject,
        text=_PLAIN.get_template("letter.txt").render(shown),
        html=_HTML.get_template("letter.html").render(shown),
        calendar=CALENDARS[kind](letter) if kind in CALENDARS else None,
    )


def _words(kind: str, letter: Letter) -> Words:
    template = _PLAIN.get_template(f"{kind}.txt")
    context = template.new_context({"letter": letter})

    def paragraphs(name: str) -> list[str]:
        written = "".join(template.blocks[name](context))
        return [" ".join(paragraph.split()) for paragraph in written.split("\n\n") if paragraph.strip()]

    def line(name: str) -> str:
        return " ".join(paragraphs(name))

    return Words(
        subject=line("subject"),
        preheader=line("preheader"),
        title=line("title"),
        opening=paragraphs("opening"),
        button=line("button"),
        url=line("url"),
        closing=paragraphs("closing"),
        conditions="" if kind == "expired" else letter.policy_text,
    )
