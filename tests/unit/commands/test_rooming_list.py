"""Reading a rooming list: every mistake with its line, nothing personal repeated, and what is written can be read again."""

from __future__ import annotations

import pytest

from commands.rooming_list import COLUMNS, MOST_ROWS, ListWrong, read_list, write_list

HEADER = ",".join(COLUMNS)
GOOD = "garden,2126-03-10,2126-03-12,2,1,Ruwan Silva,ruwan@example.com,floor-high;accessible!"


def mistakes(text: str, *room_types: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ListWrong) as told:
        read_list(text, room_types)
    return [(each["line"], each["field"], each["message"]) for each in told.value.details["mistakes"]]


def test_a_good_list_is_read() -> None:
    rows = read_list(f"{HEADER}\n{GOOD}\n")
    assert [(row.line, row.adults, row.children, row.guest.name, row.wishes) for row in rows] == [
        (2, 2, 1, "Ruwan Silva", ("floor-high", "accessible!"))
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEADER}\r\n{GOOD}\r\n",
        f"{HEADER.upper()}\n{GOOD}",
        f"{HEADER.replace(',', ';')}\n{GOOD.replace(';accessible!', '').replace(',', ';')}",
    ],
)
def test_lists_as_spreadsheets_write_them_are_read(text: str) -> None:
    assert read_list(text)[0].guest.email == "ruwan@example.com"


def test_wrong_columns_are_named() -> None:
    (line, field, message), *others = mistakes("room_type,arrival,leaving,adults,children,name,email,wishes\nx")
    assert (line, field) == (1, "header")
    assert "departure" in message
    assert "leaving" in others[0][2]
    assert mistakes(f"{HEADER},name\n{GOOD},x")[0][2].startswith("columns there twice: name")


def test_every_line_with_a_mistake_is_told() -> None:
    bad_date = GOOD.replace("2126-03-10", "10/03/2126").replace("Ruwan", "Kamal")
    bad_mail = GOOD.replace("ruwan@example.com", "ruwan").replace("Ruwan", "Nimal")
    short = "garden,2126-03-10"
    told = mistakes(f"{HEADER}\n{GOOD}\n{bad_date}\n{bad_mail}\n{short}\n{GOOD}")
    assert [(line, field) for line, field, _ in told] == [(3, "arrival"), (4, "email"), (5, "row"), (6, "name")]
    assert "line 2" in told[-1][2]
    assert not any("Nimal" in message or "ruwan" in message for _, _, message in told)


def test_unknown_room_types_are_told_together_with_the_other_mistakes() -> None:
    tent, bad_date = GOOD.replace("garden", "tent").replace("Ruwan", "Kamal"), GOOD.replace("2126-03-12", "soon")
    told = mistakes(f"{HEADER}\n{GOOD}\n{tent}\n{bad_date}\n{tent.replace('03-10', '3')}", "garden", "villa")
    assert [(line, field) for line, field, _ in told] == [
        (3, "room_type"), (4, "departure"), (5, "arrival"), (5, "room_type"),
    ]  # fmt: skip
    assert told[0][2] == "there is no such room type: choose one of garden, villa"


def test_an_unknown_room_type_alone_is_left_to_the_decision() -> None:
    assert read_list(f"{HEADER}\n{GOOD}", ["villa"])[0].room_type == "garden"


@pytest.mark.parametrize(("rows", "line"), [(['"Ruwan" Silva'], 2), ([GOOD, '"unclosed'], 3)])
def test_what_is_no_csv_is_told_with_its_line(rows: list[str], line: int) -> None:
    ((told, field, message),) = mistakes("\n".join([HEADER, *rows]))
    assert (told, field) == (line, "row")
    assert message.startswith("this is not CSV")
    assert mistakes('{"rows": []}')[0][0] == 1


def test_an_empty_list_and_one_that_is_too_long_are_refused() -> None:
    assert mistakes(HEADER)[0][1] == "row"
    assert mistakes("")[0][:2] == (1, "header")
    many = "\n".join(GOOD.replace("Ruwan", f"Guest{number}") for number in range(MOST_ROWS + 1))
    assert mistakes(f"{HEADER}\n{many}") == [(MOST_ROWS + 2, "row", f"more than {MOST_ROWS} rooms: send the rest by itself")]


def test_what_is_no_csv_is_refused() -> None:
    assert mistakes(f'{HEADER}\n"unclosed,2126-03-10')[0][1] == "row"


def test_what_is_written_can_be_read_again_and_is_no_formula() -> None:
    row = {
        "room_type": "garden", "arrival": "2126-03-10", "departure": "2126-03-12", "adults": 2, "children": 0,
        "name": "=HYPERLINK(1)", "email": "ruwan@example.com", "wishes": ["floor-low", "bed-twin!"], "room": "g1",
    }  # fmt: skip
    text = write_list([row])
    assert "'=HYPERLINK" in text
    again = read_list(text)[0]
    assert (again.guest.name, again.wishes) == ("=HYPERLINK(1)", ("floor-low", "bed-twin!"))
