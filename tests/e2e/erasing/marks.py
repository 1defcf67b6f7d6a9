"""A guest whose every detail is unmistakable, and all the forms in which those details could lie about."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

DETAILS: dict[str, Any] = {
    "name": "Zephyrine Quillfeather-Obsidian",
    "email": "zephyrine.markword@quillpost.example.com",
    "phone": "+94 70 413 9027",
    "country": "Quillovia",
    "requests": "Please no marzipanofile pillows, and a vermiliontea at six",
}
MARKS = ("Zephyrine", "Quillfeather", "markword", "quillpost", "+94 70 413 9027", "704139027", "Quillovia", "marzipanofile")
"""One or two words of each field; the phone as it was typed and as it is compared."""


@dataclass(frozen=True)
class Found:
    """A mark that lies somewhere: which, in which form, where, and what stands around it."""

    mark: str
    form: str
    where: str
    around: bytes


def forms_of(mark: str) -> Iterator[tuple[str, bytes]]:
    """Yield (form, bytes) of a mark: plain, URL-encoded, base64 at every alignment, hexadecimal, UTF-16."""
    for text in {mark, mark.lower(), mark.upper()}:
        plain = text.encode()
        yield "plain", plain
        yield "URL", quote(text, safe="").encode()
        yield "form", quote_plus(text).encode()
        yield "hex", plain.hex().encode()
        yield "HEX", plain.hex().upper().encode()
        yield "UTF-16", text.encode("utf-16-le")
        for shift, start in ((0, 0), (1, 2), (2, 3)):
            coded = base64.b64encode(b"\0" * shift + plain)
            end = len(coded) - 4 if coded.endswith(b"=") else len(coded)
            yield "base64", coded[start:end]
            yield "base64 for URLs", coded[start:end].translate(bytes.maketrans(b"+/", b"-_"))


SHORTEST = 8
"""Fewer letters of a coded form would be found by chance."""
FORMS: dict[bytes, tuple[str, str]] = {
    form: (mark, name) for mark in MARKS for name, form in forms_of(mark) if len(form) >= SHORTEST
}  # fmt: skip


def marks_in(where: str, content: bytes) -> list[Found]:
    """List the marks in something."""
    return [
        Found(*FORMS[form], where, content[max(0, place - 30) : place + len(form) + 30])
        for form in FORMS
        if (place := content.find(form)) >= 0
    ]
