"""A property file filled in: each table read into its form with its place in the file, and a line for each that is not right.

Tables that cannot be read are left out, but their codes stay known, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from babel.numbers import get_currency_precision
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ops.property_form import (
    Form,
    HotelForm,
    PlanForm,
    PriceForm,
    RestrictionForm,
    RoomsForm,
    RoomTypeForm,
    SeasonForm,
    TaxForm,
)

F = TypeVar("F", bound=Form)

LONGEST_VALUE = 60
RULES = {
    "string_type": 'must be text: put it in quotes, like "this"',
    "string_too_short": "must not be empty: write some text",
    "int_type": "must be a whole number: write for example 2",
    "int_from_float": "must be a whole number: write for example 2",
    "date_type": "must be a day without quotes: write for example 2026-12-15",
    "list_type": 'must be a list: write for example ["one", "two"]',
    "too_short": "must have {min_length} or more entries: add some",
    "too_long": 'must be at most {max_length} entries: write a pair, like ["101", "102"]',
    "literal_error": "must be one of {expected}: choose one",
    "greater_than_equal": "must be {ge} or more: write a larger number",
    "less_than_equal": "must be {le} or less: write a smaller number",
    "model_type": "must be a table: write for example {{ first = 2026-12-15, last = 2027-01-15 }}",
}
"""What pydantic finds, as rule and next step."""


@dataclass(frozen=True)
class Placed(Generic[F]):
    """A form, the place in the file it was read from, and its code where the table's name is one."""

    where: str
    key: str
    form: F


@dataclass
class Filled:
    """All tables that could be read, in the order of the file; `type_codes` and `tax_codes` also of those that could not."""

    hotel: HotelForm | None = None
    room_types: list[Placed[RoomTypeForm]] = field(default_factory=list)
    rooms: list[Placed[RoomsForm]] = field(default_factory=list)
    prices: list[Placed[PriceForm]] = field(default_factory=list)
    seasons: list[Placed[SeasonForm]] = field(default_factory=list)
    plans: list[Placed[PlanForm]] = field(default_factory=list)
    taxes: list[Placed[TaxForm]] = field(default_factory=list)
    restrictions: list[Placed[RestrictionForm]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)

    def named(self, table: str, name: str) -> set[str]:
        """List the texts under `name` in a list of tables, also in those with problems."""
        entries = self.document.get(table)
        rows = [row for row in entries if isinstance(row, dict)] if isinstance(entries, list) else []
        return {row[name] for row in rows if isinstance(row.get(name), str)}

    def keys(self, table: str) -> set[str]:
        """List the names of the tables below `table`, also of those with problems."""
        tables = self.document.get(table)
        return set(tables) if isinstance(tables, dict) else set()

    def connected(self, room: str) -> tuple[str, ...]:
        """List the rooms behind a room's inner doors, whichever of the two names the door."""
        pairs = [pair for placed in self.rooms for pair in placed.form.connects if room in pair]
        return tuple(dict.fromkeys(code for pair in pairs for code in pair if code != room))

    def digits(self) -> int:
        """Tell how many decimals an amount has in the property's currency."""
        return get_currency_precision(self.hotel.currency) if self.hotel else 2

    def minor(self, amount: Decimal) -> int:
        """Convert an amount of major units, checked to have no more decimals than the currency, to minor units."""
        return int(amount.scaleb(self.digits()))


def fill_in(document: dict[str, Any]) -> tuple[Filled, list[str]]:
    """Read every table of a file, and list what is wrong with each by itself."""
    problems: list[str] = []
    hotel = _form("property", document["property"], HotelForm, problems) if document.get("property") else None
    filled = Filled(
        hotel=hotel,
        room_types=_listed(document, "room_types", RoomTypeForm, problems),
        rooms=_listed(document, "rooms", RoomsForm, problems),
        prices=_named(document, "prices", PriceForm, problems),
        seasons=_named(document, "seasons", SeasonForm, problems),
        plans=_named(document, "rate_plans", PlanForm, problems),
        taxes=_listed(document, "taxes", TaxForm, problems),
        restrictions=_listed(document, "restrictions", RestrictionForm, problems),
        document=document,
    )
    return filled, list(_tables(document)) + problems


TABLES = {
    "property": True,
    "room_types": True,
    "rooms": True,
    "prices": True,
    "seasons": False,
    "rate_plans": True,
    "taxes": False,
    "restrictions": False,
}
"""The tables of a file, and whether a hotel needs them."""


def _tables(document: dict[str, Any]) -> Iterator[str]:
    for name, needed in TABLES.items():
        if needed and document.get(name) in (None, [], {}):
            yield f"{name} is missing: add it as in ops/properties/ella.toml."
    for name in document:
        if name not in TABLES:
            yield _unknown(name, list(TABLES))


def _listed(document: dict[str, Any], table: str, kind: type[F], problems: list[str]) -> list[Placed[F]]:
    entries = document.get(table, [])
    if not isinstance(entries, list):
        problems.append(f"{table} must be a list of tables: write [[{table}]] above each.")
        return []
    forms = ((f"{table}[{number}]", entry) for number, entry in enumerate(entries, 1))
    return [Placed(where, "", form) for where, entry in forms if (form := _form(where, entry, kind, problems))]


def _named(document: dict[str, Any], table: str, kind: type[F], problems: list[str]) -> list[Placed[F]]:
    tables = document.get(table, {})
    if not isinstance(tables, dict):
        problems.append(f"{table} must be named tables: write [{table}.a-code] above each.")
        return []
    return [
        Placed(f"{table}.{key}", key, form)
        for key, entry in tables.items()
        if (form := _form(f"{table}.{key}", entry, kind, problems))
    ]


def _form(where: str, entry: object, kind: type[F], problems: list[str]) -> F | None:
    if not isinstance(entry, dict):
        header = f"[[{where.partition('[')[0]}]]" if "[" in where else f"[{where}]"
        problems.append(f"{where} is {shown(entry)}, but must be a table: write {header} with its lines below.")
        return None
    try:
        return kind.model_validate(entry)
    except ValidationError as wrong:
        problems += [_line(where, error, kind) for error in wrong.errors(include_url=False)]
        return None


def _line(where: str, error: ErrorDetails, kind: type[Form]) -> str:
    place = where + "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    if error["type"] == "missing":
        return f"{place} is missing: add the line {error['loc'][-1]} = …"
    if error["type"] == "extra_forbidden":
        return _unknown(place, list(kind.model_fields) if len(error["loc"]) == 1 else [])
    rule = RULES.get(error["type"], "").format(**error.get("ctx", {})) or error["msg"]
    return f"{place} is {shown(error['input'])}, but {rule}."


def _unknown(place: str, known: list[str]) -> str:
    close = get_close_matches(place.rpartition(".")[2], known, n=1)
    advice = f"did you mean {close[0]}?" if close else "remove it."
    return f"{place} is not known here: {advice}"


def shown(value: object) -> str:
    """Write a value as it stands in the file, on one line, shortened."""
    if isinstance(value, str):
        text = '"' + " ".join(value.split()) + '"'
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, dict):
        return "a table"
    elif isinstance(value, list):
        text = "[" + ", ".join(shown(entry) for entry in value) + "]"
    elif isinstance(value, date | time | int | Decimal):
        text = str(value)
    else:
        text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
