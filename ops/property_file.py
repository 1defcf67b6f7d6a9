"""Reads a property file: TOML text → forms → one list of all its problems, or the definition and the tariff.

What a field must look like is in `property_form`, what fields must be together in `property_rules`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from aggregates.property import Definition, Room, RoomType
from aggregates.rates import RatePlan, Season, Tariff, Tax, TypePrice
from ops.property_filled import Filled, fill_in
from ops.property_form import HotelForm
from ops.property_restrictions import restrictions_of
from ops.property_rules import problems_of, too_dear

LARGEST_FILE_BYTES = 1_000_000


class BadPropertyFile(Exception):
    """The file cannot be taken over; `problems` are all of them, a clear line each, with place, rule and next step."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{path}: {count}, nothing was taken over:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class PropertyFile:
    """What a property file says: the house, and what its nights cost."""

    definition: Definition
    tariff: Tariff


def read_property_file(path: Path) -> PropertyFile:
    """Read and check a property file. Raises BadPropertyFile with every problem at once."""
    filled, problems = fill_in(_parse(path, _text(path)))
    problems += problems_of(filled)
    if problems or filled.hotel is None:
        raise BadPropertyFile(path, problems)
    read = PropertyFile(_definition(filled, filled.hotel), _tariff(filled, filled.hotel))
    if dear := too_dear(read.definition, read.tariff):
        raise BadPropertyFile(path, dear)
    return read


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = wrong.object[: wrong.start].count(b"\n") + 1
        raise BadPropertyFile(path, [f"line {line} is not UTF-8 text: save the file as UTF-8."]) from wrong
    except OSError as wrong:
        reason = (wrong.strerror or str(wrong)).lower()
        raise BadPropertyFile(path, [f"the file cannot be read ({reason}): check its path and permissions."]) from wrong


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise BadPropertyFile(path, ["this is not a file: give the path of a property file, like ops/properties/ella.toml."])
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE_BYTES + 1)
    if len(content) > LARGEST_FILE_BYTES:
        raise BadPropertyFile(path, [f"the file is larger than {LARGEST_FILE_BYTES:,} bytes: this is no property file."])
    return content


def _parse(path: Path, text: str) -> dict[str, Any]:
    """Parse TOML with exact decimals. The parser raises more than it documents: recursion, and numbers of many digits."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except RecursionError as wrong:
        raise BadPropertyFile(path, ["brackets are nested too deeply: write tables as in ops/properties/ella.toml."]) from wrong
    except ValueError as wrong:
        raise BadPropertyFile(path, [f"{_syntax(str(wrong), text)}: mend the text there."]) from wrong
    except ArithmeticError as wrong:
        raise BadPropertyFile(path, ["a number is too large or too small: write plain numbers, like 240 or 2.5."]) from wrong


def _syntax(message: str, text: str) -> str:
    what, _, where = message.removesuffix(")").partition(" (at ")
    if place := re.fullmatch(r"line (\d+), column (\d+)", where):
        line, column = place.groups()
    else:
        line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
    return f"line {line}, column {column} is not TOML ({what[:1].lower()}{what[1:]})"


def _definition(filled: Filled, hotel: HotelForm) -> Definition:
    return Definition(
        **hotel.model_dump(),
        room_types=tuple(
            RoomType(
                **placed.form.model_dump(exclude={"amenities", "made_of"}),
                amenities=tuple(placed.form.amenities),
                made_of=tuple(placed.form.made_of),
            )
            for placed in filled.room_types
        ),
        rooms=tuple(
            Room(
                code=code,
                room_type=placed.form.room_type,
                floor=placed.form.floor,
                note=placed.form.note,
                connects=filled.connected(code),
                features=tuple(placed.form.features),
            )
            for placed in filled.rooms
            for code in placed.form.numbers
        ),
    )


def _tariff(filled: Filled, hotel: HotelForm) -> Tariff:
    return Tariff(
        currency=hotel.currency,
        time_zone=hotel.time_zone,
        check_in_time=hotel.check_in_time,
        prices=tuple(
            TypePrice(
                room_type=placed.key,
                base_minor=filled.minor(placed.form.base),
                included_adults=placed.form.included_adults,
                extra_adult_minor=filled.minor(placed.form.extra_adult),
                extra_child_minor=filled.minor(placed.form.extra_child),
            )
            for placed in filled.prices
        ),
        restrictions=restrictions_of(filled),
        seasons=tuple(
            Season(name=placed.form.name, first_night=nights.first, last_night=nights.last, percent=placed.form.percent)
            for placed in filled.seasons
            for nights in placed.form.nights
        ),
        plans=tuple(
            RatePlan(
                code=placed.key,
                **placed.form.model_dump(exclude={"board_adult", "board_child"}),
                board_adult_minor=filled.minor(placed.form.board_adult),
                board_child_minor=filled.minor(placed.form.board_child),
            )
            for placed in filled.plans
        ),
        taxes=tuple(
            Tax(**placed.form.model_dump(exclude={"bases"}), bases=tuple(placed.form.bases)) for placed in filled.taxes
        ),
    )
