"""The rooming list of a group: who sleeps in which kind of room from when to when, and how it is read from a CSV file.

Reading says every mistake with its line and field, and never repeats what was written there: it is personal.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from io import StringIO
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commands.hold_stay import MOST_WISHES, GuestDetails
from commands.typed_text import Code, Coded
from commands.wishes import PLAIN_WISHES
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

COLUMNS = ("room_type", "arrival", "departure", "adults", "children", "name", "email", "wishes")
MOST_ROWS = 100
MOST_TOLD = 10
LEADS = ("=", "+", "-", "@", "\t")
"""What a spreadsheet would take for the beginning of a formula."""
ListWish = Annotated[
    str,
    Coded(
        f"({'|'.join(PLAIN_WISHES)})!?",
        f"There is no such wish: choose of {', '.join(PLAIN_WISHES)}, with ! after it for a promise, and put ; between two",
    ),
]
"""A wish as `wishes` tells them; near whom somebody wants to be, a list of people without reservations cannot say."""


class RoomingRow(BaseModel):
    """One room of the list: `guest` is personal data. `line` is where it stood in the file, for messages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    room_type: Code
    arrival: date
    departure: date
    adults: int = Field(default=2, ge=1, le=20)
    children: int = Field(default=0, ge=0, le=20)
    guest: GuestDetails
    wishes: Annotated[tuple[ListWish, ...], Field(max_length=MOST_WISHES)] = ()
    line: int = Field(default=1, ge=1)

    @property
    def dates(self) -> StayDates:
        """The nights."""
        return StayDates(self.arrival, self.departure)


class Mistake(BaseModel):
    """What is wrong in one line."""

    model_config = ConfigDict(frozen=True)

    line: int
    field: str
    message: str


class ListWrong(Refusal):
    """The rooming list has mistakes, so nothing of it was taken."""

    code = "rooming_list.wrong"


def refuse(mistakes: Sequence[Mistake]) -> ListWrong:
    """Make the refusal that names every mistake by its line."""
    told = "; ".join(f"line {each.line}, {each.field}: {each.message.removesuffix('.')}" for each in mistakes[:MOST_TOLD])
    more = f"; and {len(mistakes) - MOST_TOLD} more" if len(mistakes) > MOST_TOLD else ""
    return ListWrong(
        f"Nothing was imported. {told}{more}. Correct the list and send it again.",
        mistakes=[each.model_dump() for each in mistakes],
    )


def read_list(text: str, room_types: Collection[str] = ()) -> list[RoomingRow]:
    """Read a list: a header with the columns of COLUMNS in any order, one room a line. Raises ListWrong.

    `room_types` are those of the house as far as is known: a list that is refused names other types too. They never refuse a
    list by themselves, the decision does that.
    """
    text = text.removeprefix("\ufeff")
    first_line = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text), delimiter=";" if ";" in first_line and "," not in first_line else ",", strict=True)
    try:
        header = [str(name).strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        lines = [(reader.line_num, row) for row in reader]
    except csv.Error as wrong:
        raise refuse([Mistake(line=reader.reader.line_num, field="row", message=f"this is not CSV: {wrong}")]) from None
    mistakes = list(_of_header(header))
    if not mistakes and not lines:
        mistakes = [Mistake(line=1, field="row", message="no room is listed below the header")]
    if not mistakes and len(lines) > MOST_ROWS:
        mistakes = [
            Mistake(line=lines[MOST_ROWS][0], field="row", message=f"more than {MOST_ROWS} rooms: send the rest by itself")
        ]
    if mistakes:
        raise refuse(mistakes)
    rows, mistakes = _read_rows(lines)
    mistakes += duplicates(rows)
    if mistakes:
        mistakes += _unknown_types(lines, room_types)
        raise refuse(sorted(mistakes, key=lambda each: each.line))
    return rows


def duplicates(rows: Iterable[RoomingRow]) -> list[Mistake]:
    """List the lines that name the same guest for the same dates as an earlier one."""
    seen: dict[tuple[str, str, date, date], int] = {}
    mistakes = []
    for row in rows:
        key = (row.guest.name.casefold(), row.guest.email.casefold(), row.arrival, row.departure)
        if key in seen:
            mistakes.append(Mistake(line=row.line, field="name", message=f"the same guest and dates as in line {seen[key]}"))
        seen.setdefault(key, row.line)
    return mistakes


def write_list(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rooms as CSV with the columns of COLUMNS, so that it can be read again; formulas come out as text."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _as_text(row.get(name, "")) for name in COLUMNS})
    return out.getvalue()


def _of_header(header: Sequence[str]) -> Iterator[Mistake]:
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    for names, what in ((missing, "missing"), (unknown, "unknown"), (twice, "there twice")):
        if names:
            yield Mistake(line=1, field="header", message=f"columns {what}: {', '.join(names)}; they are {', '.join(COLUMNS)}")


def _read_rows(lines: Sequence[tuple[int, Mapping[str | None, Any]]]) -> tuple[list[RoomingRow], list[Mistake]]:
    rows: list[RoomingRow] = []
    mistakes: list[Mistake] = []
    for line, cells in lines:
        if None in cells or None in cells.values():
            mistakes.append(Mistake(line=line, field="row", message=f"a row has {len(COLUMNS)} cells"))
            continue
        try:
            rows.append(RoomingRow.model_validate(_content(line, {str(name): _as_typed(cell) for name, cell in cells.items()})))
        except ValidationError as wrong:
            mistakes += [_mistake(line, problem) for problem in wrong.errors()]
    return rows, mistakes


def _unknown_types(lines: Sequence[tuple[int, Mapping[str | None, Any]]], room_types: Collection[str]) -> Iterator[Mistake]:
    for line, cells in lines:
        told = str(cells.get("room_type") or "").strip()
        if room_types and told and told not in room_types:
            message = f"there is no such room type: choose one of {', '.join(room_types)}"
            yield Mistake(line=line, field="room_type", message=message)


def _content(line: int, cells: Mapping[str, str]) -> dict[str, Any]:
    return {
        "room_type": cells["room_type"],
        "arrival": cells["arrival"],
        "departure": cells["departure"],
        "adults": cells["adults"] or "2",
        "children": cells["children"] or "0",
        "guest": {"name": cells["name"], "email": cells["email"]},
        "wishes": [wish.strip() for wish in cells["wishes"].split(";") if wish.strip()],
        "line": line,
    }


def _mistake(line: int, problem: Any) -> Mistake:
    field = str(next((part for part in reversed(problem["loc"]) if isinstance(part, str)), "row"))
    rule = "not an e-mail address" if field == "email" else str(problem["msg"])
    return Mistake(line=line, field=field, message=rule[0].lower() + rule[1:])


def _as_text(value: object) -> str:
    text = ";".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return f"'{text}" if text.startswith(LEADS) else text


def _as_typed(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(LEADS) else cell
