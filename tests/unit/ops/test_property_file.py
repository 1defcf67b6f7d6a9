"""Property files: Ella Resort loads as it is sold, and each broken file is told in exactly these words."""

from __future__ import annotations

import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregates.property import Definition
from aggregates.rates import Tariff
from ledger.stay_dates import StayDates
from ops.property_file import BadPropertyFile, PropertyFile, read_property_file

REPOSITORY = Path(__file__).parents[3]
ELLA = REPOSITORY / "ops" / "properties" / "ella.toml"

INN = """\
[property]
code = "inn"
name = "The Inn"
tagline = "One door"
currency = "USD"
time_zone = "Asia/Colombo"
check_in_time = "14:00"
check_out_time = "11:00"
address = "1 Temple Street"
phone = "+94 57 000 0000"
email = "stay@inn.example"

[[room_types]]
code = "attic"
name = "Attic"
short = "Under the roof."
description = "Mind your head."
picture = "pictures/rooms/attic.svg"
view = "Roofs"
beds = "1 king"
size_m2 = 20
max_adults = 2
max_guests = 3
amenities = ["Skylight"]

[[rooms]]
room_type = "attic"
floor = 3
numbers = ["31-33", "A7"]

[prices.attic]
base = "80.50"
included_adults = 2
extra_child = 10

[seasons.high]
name = "High"
percent = 120
nights = [{ first = 2027-01-01, last = 2027-01-31 }]

[rate_plans.flex]
name = "Flexible"
summary = "As you like."
board = "Room only"
percent = 100
deposit_percent = 30
free_until_days = 3
fee_nights = 1
policy_name = "Free"
policy_text = "Free until three days before."

[[taxes]]
code = "service"
name = "Service charge"
rate_percent = 10
bases = ["stay"]
first_night = 2026-01-01

[[taxes]]
code = "vat"
name = "VAT"
rate_percent = 2.5
bases = ["stay", "service"]
first_night = 2026-01-01
"""

LAST_TAX = 'bases = ["stay", "service"]\nfirst_night = 2026-01-01\n'

MORE_VAT = """
[[taxes]]
code = "vat"
name = "VAT"
rate_percent = 20
bases = ["stay"]
first_night = 2027-04-01
"""


@pytest.fixture
def inn(tmp_path: Path) -> Path:
    path = tmp_path / "inn.toml"
    path.write_text(INN, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(BadPropertyFile) as told:
        read_property_file(path)
    return told.value.problems


def changed(path: Path, *changes: tuple[str, str]) -> Path:
    """Write the inn's file with each first text replaced by the second."""
    text = INN
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


# —— What is right ————————————————————————————————————————————————————————————————————————————————————————————————————


def test_ella_resort_is_what_the_guests_were_promised() -> None:
    ella = read_property_file(ELLA)
    types = [room_type.code for room_type in ella.definition.room_types]
    assert types == ["garden-room", "valley-room", "tea-suite", "gap-suite", "family-cottage", "pool-villa"]
    assert {code: len(ella.definition.rooms_of(code)) for code in types} == {
        "garden-room": 12, "valley-room": 10, "tea-suite": 7, "gap-suite": 5, "family-cottage": 4, "pool-villa": 2,
    }  # fmt: skip
    assert len(ella.definition.rooms) == 40
    assert [plan.code for plan in ella.tariff.plans] == ["flexible", "advance-saver", "half-board"]
    assert (ella.definition.code, ella.tariff.currency, ella.tariff.time_zone) == ("ella", "USD", "Asia/Colombo")


def test_every_type_of_ella_resort_has_its_picture() -> None:
    pictures = [room_type.picture for room_type in read_property_file(ELLA).definition.room_types]
    assert [picture for picture in pictures if not (REPOSITORY / "web" / "static" / picture).is_file()] == []


def test_taxes_make_a_room_cost_1_34343_times_its_price() -> None:
    tariff = read_property_file(ELLA).tariff
    thousandfold = msgspec.structs.replace(
        tariff, prices=tuple(msgspec.structs.replace(each, base_minor=10_000_000) for each in tariff.prices)
    )
    night = StayDates(date(2027, 2, 1), date(2027, 2, 2))
    plain = msgspec.structs.replace(thousandfold, seasons=())
    price = plain.price(room_type="garden-room", rate_plan="flexible", dates=night, adults=2, children=0)
    assert Decimal(price.total.amount_minor) / price.room_total.amount_minor == Decimal("1.34343")


def test_a_peak_week_with_meals_costs_what_the_file_says() -> None:
    week = StayDates(date(2026, 12, 20), date(2026, 12, 27))
    price = read_property_file(ELLA).tariff.price(
        room_type="family-cottage", rate_plan="half-board", dates=week, adults=3, children=2
    )
    room, extra_adult, children, meals = 460_00 * 145 // 100, 60_00, 2 * 20_00, 3 * 48_00 + 2 * 24_00
    assert price.room_total.amount_minor == 7 * (room + extra_adult + children + meals)
    assert price.pay_now == price.total.share(Decimal(30))


def test_the_largest_stay_of_ella_resort_fits_one_card_payment() -> None:
    tariff = read_property_file(ELLA).tariff
    year = StayDates(date(2027, 1, 1), date(2028, 1, 1))
    price = tariff.price(room_type="pool-villa", rate_plan="half-board", dates=year, adults=4, children=1)
    assert price.total.amount_minor <= 99_999_999


def test_a_file_survives_the_json_of_its_events() -> None:
    ella = read_property_file(ELLA)
    definition = msgspec.json.decode(msgspec.json.encode(ella.definition), type=Definition)
    tariff = msgspec.json.decode(msgspec.json.encode(ella.tariff), type=Tariff)
    assert PropertyFile(definition, tariff) == ella


def test_ranges_amounts_and_decimals_are_read_exactly(inn: Path) -> None:
    read = read_property_file(inn)
    assert [room.code for room in read.definition.rooms] == ["31", "32", "33", "A7"]
    (price,) = read.tariff.prices
    assert (price.base_minor, price.extra_adult_minor, price.extra_child_minor) == (8050, 0, 1000)
    assert read.tariff.taxes[1].rate_percent == Decimal("2.5")


@pytest.mark.parametrize(
    ("currency", "base", "minor"),
    [("JPY", "12000", 12_000), ("KWD", '"80.505"', 80_505), ("USD", '"0.29"', 29), ("USD", "80.5", 8050)],
)
def test_amounts_become_minor_units_of_their_currency(inn: Path, currency: str, base: str, minor: int) -> None:
    changed(inn, ('"USD"', f'"{currency}"'), ('"80.50"', base))
    assert read_property_file(inn).tariff.prices[0].base_minor == minor


def test_a_tax_rate_may_change(inn: Path) -> None:
    changed(inn, (LAST_TAX, f"{LAST_TAX}last_night = 2027-03-31\n{MORE_VAT}"))
    assert [tax.code for tax in read_property_file(inn).tariff.taxes] == ["service", "vat", "vat"]


@pytest.mark.parametrize("numbers", ['["001-003"]', "[31, 32]", '["B2-B4"]', '["B2-4"]', '["A-7"]'])
def test_room_numbers_may_be_written_in_many_ways(inn: Path, numbers: str) -> None:
    assert read_property_file(changed(inn, ('["31-33", "A7"]', numbers))).definition.rooms


def test_an_editor_s_byte_order_mark_is_no_mistake(inn: Path) -> None:
    inn.write_bytes(b"\xef\xbb\xbf" + INN.replace("\n", "\r\n").encode())
    assert read_property_file(inn).definition.code == "inn"


# —— What is wrong ————————————————————————————————————————————————————————————————————————————————————————————————————

MISTAKES = tomllib.loads(Path(__file__).with_name("broken_property_files.toml").read_text(encoding="utf-8"))["mistakes"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["name"])
def test_each_mistake_is_told_with_place_rule_and_next_step(inn: Path, mistake: dict[str, Any]) -> None:
    changed(inn, (mistake["right"], mistake["wrong"]))
    assert problems(inn) == mistake["problems"]


def test_all_problems_come_at_once(inn: Path) -> None:
    changed(
        inn,
        ('"USD"', '"XYZ"'),
        ("size_m2 = 20", "size_m2 = 0"),
        ("fee_nights = 1\n", ""),
        ("last = 2027-01-31", "last = 2020-01-31"),
    )
    assert [problem.split(" ")[0] for problem in problems(inn)] == [
        "property.currency", "room_types[1].size_m2", "seasons.high.nights[1].last",
    ]  # fmt: skip


def test_the_same_code_in_two_places_is_told(inn: Path) -> None:
    head, types, rest = INN.partition("[[room_types]]")
    kind, rooms, rest = rest.partition("[[rooms]]")
    again = '[[rooms]]\nroom_type = "attic"\nfloor = 0\nnumbers = ["A7"]\n\n'
    inn.write_text(head + types + kind + types + kind + again + rooms + rest, encoding="utf-8")
    assert problems(inn) == [
        'room_types[2].code has "attic", but room_types[1].code has it already: give each its own.',
        'rooms[2].numbers has "A7", but rooms[1].numbers has it already: give each its own.',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code = \n", "line 1, column 8 is not TOML (invalid value): mend the text there."),
        ("a = 1\na = 2\n", "line 2, column 6 is not TOML (cannot overwrite a value): mend the text there."),
        ('a = "never closed', "line 1, column 18 is not TOML (unterminated string): mend the text there."),
        ("day = 2026-02-30\n", "line 1, column 7 is not TOML (invalid date or datetime): mend the text there."),
        ("a = " + "[" * 50_000, "brackets are nested too deeply: write tables as in ops/properties/ella.toml."),
    ],
)
def test_text_that_is_not_toml_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text, encoding="utf-8")
    assert problems(path) == [expected]


def test_an_empty_file_lacks_every_table(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.touch()
    needed = ("property", "room_types", "rooms", "prices", "rate_plans")
    assert problems(path) == [f"{name} is missing: add it as in ops/properties/ella.toml." for name in needed]


def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[property]\nname = "Caf\xe9"\n')
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    assert problems(tmp_path / "none.toml") == [
        "the file cannot be read (no such file or directory): check its path and permissions."
    ]
    assert problems(tmp_path) == ["this is not a file: give the path of a property file, like ops/properties/ella.toml."]
    assert problems(latin) == ["line 2 is not UTF-8 text: save the file as UTF-8."]
    assert problems(large) == ["the file is larger than 1,000,000 bytes: this is no property file."]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(inn: Path) -> None:
    inn.chmod(0)
    assert problems(inn) == ["the file cannot be read (permission denied): check its path and permissions."]


def test_the_message_counts_its_problems_and_names_the_file(inn: Path) -> None:
    changed(inn, ("floor = 3", "floor = 900"))
    with pytest.raises(BadPropertyFile) as told:
        read_property_file(inn)
    problem = "rooms[1].floor is 900, but must be 200 or less: write a smaller number."
    assert str(told.value) == f"{inn}: 1 problem, nothing was taken over:\n  {problem}"
