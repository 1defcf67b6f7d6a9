"""Reads pages as a browser without JavaScript does: text, links, forms with what they would send. No assertions here."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

SILENT = frozenset({"script", "style", "title", "template"})


@dataclass
class Form:
    """One form: where it goes, how, what it sends when nobody types, and the words on its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """One answer, read."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self._inside: list[str] = []
        self._link: tuple[str, int] | None = None
        self._button = False
        self._select = ""
        self.feed(answer.text)

    @property
    def status(self) -> int:
        """The status code."""
        return self.answer.status_code

    @property
    def url(self) -> httpx.URL:
        """Where the browser ended."""
        return self.answer.url

    @property
    def text(self) -> str:
        """What stands on the page, in one line."""
        return " ".join(" ".join(self.words).split())

    def form(self, button: str) -> Form:
        """Give the form with this button."""
        return next(form for form in self.forms if any(button in words for words in form.buttons))

    def link(self, words: str) -> str:
        """Give the absolute address of the first link with these words."""
        return str(self.url.join(next(href for text, href in self.links if words in text)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a browser would."""
        said = {name: value or "" for name, value in attrs}
        if tag in SILENT:
            self._inside.append(tag)
        elif tag == "a" and "href" in said:
            self._link = (said["href"], len(self.words))
        elif tag == "form":
            self.forms.append(Form(said.get("action", ""), said.get("method", "get")))
        elif self.forms:
            self._control(tag, said)

    def _control(self, tag: str, said: dict[str, str]) -> None:
        form = self.forms[-1]
        if tag in {"input", "textarea"} and "name" in said:
            form.fields[said["name"]] = said.get("value", "")
        elif tag == "select":
            self._select = said.get("name", "")
        elif tag == "option" and self._select and ("selected" in said or self._select not in form.fields):
            form.fields[self._select] = said.get("value", "")
        elif tag == "button":
            self._button = True

    def handle_data(self, text: str) -> None:
        """Take words that can be seen."""
        if self._inside:
            return
        self.words.append(text)
        if self._button and self.forms and text.strip():
            self.forms[-1].buttons.append(text.strip())

    def handle_endtag(self, tag: str) -> None:
        """Leave what was entered."""
        if tag in SILENT and self._inside:
            self._inside.pop()
        elif tag == "a" and self._link is not None:
            href, since = self._link
            self.links.append((" ".join(" ".join(self.words[since:]).split()), href))
            self._link = None
        elif tag == "button":
            self._button = False
        elif tag == "select":
            self._select = ""
