"""Cuts the fonts of the confirmation file down to what names are written with: web/paper/fonts, kept in the repository.

Run by hand when a script is to be added, from unpacked Debian packages fonts-noto-core and fonts-droid-fallback:
`python -m ops.cut_fonts /usr/share/fonts/truetype`. The two letters that join others are left to the scripts that need
them: in the main font they would tear a word of such a script apart.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset

from web.paper.fonts import FOLDER

Codes = Iterable[range]
LATIN_GREEK_CYRILLIC = (
    range(0x20, 0x7F), range(0xA0, 0x250), range(0x2B0, 0x530), range(0x1E00, 0x1F00), range(0x2010, 0x2028),
    range(0x2030, 0x203B), range(0x20A0, 0x20C0), range(0x2116, 0x2123), range(0x2190, 0x2194), range(0x2212, 0x2213),
)  # fmt: skip
LATIN = (range(0x20, 0x7F), range(0xA0, 0x180), range(0x1A0, 0x1B1), range(0x1EA0, 0x1F00), range(0x2010, 0x2028))
EVERYTHING = (range(0x110000),)
SCRIPTS = ("Arabic", "Armenian", "Devanagari", "Georgian", "Hebrew", "Sinhala", "Tamil", "Thaana", "Thai")
LEVEL_ONE = {"euc_jp": range(0xA1, 0xD0), "gb2312": range(0xA1, 0xD8), "big5": range(0xA1, 0xC7)}
"""The first bytes of what each East Asian standard calls common: kana and about six thousand characters."""


def cut(folder: Path) -> None:
    """Write every font again."""
    _cut(folder / "noto/NotoSans-Regular.ttf", LATIN_GREEK_CYRILLIC)
    _cut(folder / "noto/NotoSans-Bold.ttf", LATIN)
    for script in SCRIPTS:
        _cut(folder / f"noto/NotoSans{script}-Regular.ttf", EVERYTHING)
    _cut(folder / "droid/DroidSansFallbackFull.ttf", [range(code, code + 1) for code in _east_asian()])


def _cut(source: Path, codes: Codes) -> None:
    options = subset.Options(hinting=False, notdef_outline=True, glyph_names=False)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes={code for some in codes for code in some} & font.getBestCmap().keys())
    cutter.subset(font)
    subset.save_font(font, str(FOLDER / source.name), options)


def _east_asian() -> set[int]:
    found = set()
    for standard, leads in LEVEL_ONE.items():
        for lead in leads:
            for trail in range(0x40, 0xFF):
                letter = bytes([lead, trail]).decode(standard, "ignore")
                if len(letter) == 1 and ord(letter) >= 0x2E80:  # noqa: PLR2004  where East Asian letters begin
                    found.add(ord(letter))
    return found


if __name__ == "__main__":
    cut(Path(sys.argv[1]))
