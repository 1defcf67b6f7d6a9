"""`[[restrictions]]` of a property file: taken over as they are written, and each mistake told in a line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger.restrictions import Restriction
from ops.property_file import BadPropertyFile, read_property_file

ELLA = Path(__file__).parents[3] / "ops" / "properties" / "ella.toml"
DATES = "first = 2027-12-24\nlast = 2028-01-02\n"


def ella_with(directory: Path, restriction: str) -> Path:
    path = directory / "ella.toml"
    path.write_text(f"{ELLA.read_text('utf-8')}\n[[restrictions]]\n{restriction}\n", "utf-8")
    return path


def test_they_become_part_of_the_tariff(tmp_path: Path) -> None:
    rules = 'room_type = "pool-villa"\nrate_plan = "flexible"\nweekdays = ["friday", "saturday"]\nmin_nights_through = 3\n'
    read = read_property_file(ella_with(tmp_path, DATES + rules + "closed_to_arrival = true"))
    assert read.tariff.restrictions == (
        Restriction(
            first=date(2027, 12, 24), last=date(2028, 1, 2), room_type="pool-villa", rate_plan="flexible", weekdays=(4, 5),
            closed_to_arrival=True, min_nights_through=3,
        ),
    )  # fmt: skip


def test_a_file_without_them_has_none() -> None:
    assert read_property_file(ELLA).tariff.restrictions == ()


@pytest.mark.parametrize(
    ("restriction", "problem"),
    [
        (
            "first = 2027-12-24\nlast = 2027-12-23\nstop_sell = true",
            "restrictions[1].last is 2027-12-23, but must not be before first, 2027-12-24: change one of them.",
        ),
        (
            "first = 2027-01-01\nlast = 2047-01-01\nstop_sell = true",
            "restrictions[1].last is 2047-01-01, but a restriction lasts 2,930 days at most: choose an earlier day.",
        ),
        (DATES, "restrictions[1] restricts nothing: add stop_sell = true, or another rule, or remove it."),
        (
            DATES + "min_nights = 5\nmax_nights = 4",
            "restrictions[1].max_nights is 4, but must not be less than the shortest stay: raise it.",
        ),
        (
            DATES + 'stop_sell = true\nroom_type = "igloo"',
            (
                'restrictions[1].room_type is "igloo", but must be one of family-cottage, gap-suite, garden-room, pool-villa,'
                " tea-suite, valley-room: choose one, or leave it out for all."
            ),
        ),
        (
            DATES + 'stop_sell = true\nrate_plan = "gift"',
            (
                'restrictions[1].rate_plan is "gift", but must be one of advance-saver, flexible, half-board:'
                " choose one, or leave it out for all."
            ),
        ),
        (
            DATES + 'stop_sell = true\nweekdays = ["caturday"]',
            'restrictions[1].weekdays[1] is "caturday", but must be a day of the week: write for example "friday".',
        ),
        (DATES + "min_nights = 366", "restrictions[1].min_nights is 366, but must be 365 or less: write a smaller number."),
    ],
)
def test_each_mistake_is_told(tmp_path: Path, restriction: str, problem: str) -> None:
    with pytest.raises(BadPropertyFile) as told:
        read_property_file(ella_with(tmp_path, restriction))
    assert told.value.problems == [problem]
