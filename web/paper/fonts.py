"""Which letters the confirmation file can write, and in which font; the fonts are in `fonts/`, cut by `ops/cut_fonts.py`.

What no font has is first taken apart (a letter of a mathematical alphabet is a plain letter in disguise), then marked.
Korean is written in Latin letters, as Unicode names its syllables: a font of them would be larger than all others together.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent / "fonts"
MAIN, BOLD = "NotoSans-Regular", "NotoSans-Bold"
MISSING = "[?]"
"""Stands for letters in a row that no font has."""
HANGUL = re.compile("[\uac00-\ud7a3]+")
JOINED = re.compile("([^\u200c\u200d]?)([\u200c\u200d]+)")
JOINERS = frozenset("\u200c\u200d")
"""Invisible, but in Sinhala, Arabic and others they tell which shape a letter takes."""


@cache
def letters() -> dict[str, frozenset[str]]:
    """Tell what each font can write; the one for most texts comes first."""
    names = sorted((file.stem for file in FOLDER.glob("*.ttf") if file.stem != BOLD), key=lambda name: (name != MAIN, name))
    return {name: _letters_in(FOLDER / f"{name}.ttf") for name in names}


def _letters_in(file: Path) -> frozenset[str]:
    with TTFont(file, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def writable(text: str) -> str:
    """Give a text as it can be written: one line, without invisible controls, MISSING for what no font has."""
    latin = HANGUL.sub(_romanised, unicodedata.normalize("NFC", text))
    written = JOINED.sub(_kept_where_it_joins, "".join(_writable(letter) for letter in latin))
    return re.sub(rf"(?:{re.escape(MISSING)})+", MISSING, written)


def fonts_for(text: str) -> list[str]:
    """Name the fonts that a writable text needs beside the main one, each once, in order of their first letter."""
    return list(dict.fromkeys(font for letter in text if letter not in JOINERS and (font := _font(letter)) not in {MAIN, None}))


def _kept_where_it_joins(found: re.Match[str]) -> str:
    """Keep one joiner after a letter whose font has it; elsewhere it would be a text without any shape, which fails."""
    letter, joiners = found.groups()
    font = _font(letter) if letter else None
    return f"{letter}{joiners[0]}" if font and joiners[0] in letters()[font] else letter


def _romanised(korean: re.Match[str]) -> str:
    return " ".join(unicodedata.name(syllable).rpartition(" ")[2].title() for syllable in korean.group())


def _writable(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    if letter in JOINERS or _font(letter):
        return letter
    plain = unicodedata.normalize("NFKD", letter)
    if plain != letter and all(_font(each) for each in plain):
        return unicodedata.normalize("NFC", plain)
    return "" if category == "Cf" or unicodedata.name(letter, "").startswith("VARIATION SELECTOR") else MISSING


@cache
def _font(letter: str) -> str | None:
    invisible = unicodedata.category(letter) == "Cf"
    return None if invisible else next((name for name, known in letters().items() if letter in known), None)
