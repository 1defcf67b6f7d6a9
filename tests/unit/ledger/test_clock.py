"""The product clock runs ahead as it is told, and a date is the hotel's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ledger.clock import Clock, local_date


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2126, 3, 1, 18, 29, 59, tzinfo=UTC), "Asia/Colombo", date(2126, 3, 1)),
        (datetime(2126, 3, 1, 18, 30, tzinfo=UTC), "Asia/Colombo", date(2126, 3, 2)),
        (datetime(2126, 3, 1, 7, 59, 59, tzinfo=UTC), "America/Los_Angeles", date(2126, 2, 28)),
        (datetime(2126, 3, 1, 8, 0, tzinfo=UTC), "America/Los_Angeles", date(2126, 3, 1)),
    ],
)
def test_midnight_is_the_hotels(moment: datetime, zone: str, day: date) -> None:
    assert local_date(moment, zone) == day


def test_the_clock_is_ahead_by_its_offset_and_its_file(tmp_path: Path) -> None:
    file = tmp_path / "offset"
    must_be_ahead(Clock(), seconds=0)
    must_be_ahead(Clock(-5), seconds=-5)
    must_be_ahead(Clock(3600, file), seconds=3600)
    for written, seconds in (("86400", 86_400), ("-60", -60), ("1", 1), ("0", 0), ("", 0)):
        file.write_text(written)
        must_be_ahead(Clock(0, file), seconds=seconds)
        must_be_ahead(Clock(3600, file), seconds=3600 + seconds)


def must_be_ahead(clock: Clock, seconds: int) -> None:
    """Compare a clock with the machine's own, read before and after it."""
    ahead = timedelta(seconds=seconds)
    before = datetime.now(UTC)
    shown = clock.now()
    assert before + ahead <= shown <= datetime.now(UTC) + ahead
    assert shown.utcoffset() == timedelta(0)
