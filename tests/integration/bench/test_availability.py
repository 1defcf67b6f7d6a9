"""`bench availability`, tiny: one call a search, and whether its own check would notice a read model that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from ops.bench import availability as module
from ops.bench.availability import availability
from ops.bench.checks import NotTrue
from ops.bench.plan import Plan
from ops.bench.site import Site, site
from ops.embedded import EmbeddedServerError
from ops.settings import Settings
from projections.house_nights import Changes, HouseNights, Unplaced


@pytest.fixture(scope="module")
def place(missing: Callable[[str], NoReturn]) -> Iterator[Site]:
    """Give servers to measure on."""
    try:
        with site(Settings()) as found:
            yield found
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUICK_SIZES", (20,))
    monkeypatch.setattr(module, "QUICK_SEARCHES", 20)


def test_a_search_is_one_call_and_agrees_with_the_table(place: Site) -> None:
    found = availability(place, Plan(quick=True, repeats=1))
    assert found.ratios["availability_calls_20"] == 1.0
    assert {row.subject.strip().partition(":")[0] for row in found.rows} == {
        "one look in Redis", "SQL over a bookings table",
    }  # fmt: skip
    assert set(found.ratios) >= {"availability_year_vs_night_20", "availability_vs_sql_20"}


def test_a_read_model_that_forgets_nights_is_found_out(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: every third night is lost."""
    take = HouseNights.take

    def forgetful(self: HouseNights, changes: Changes) -> list[Unplaced]:
        return take(self, {(room, day): taken for (room, day), taken in changes.items() if day % 3})

    monkeypatch.setattr(HouseNights, "take", forgetful)
    with pytest.raises(NotTrue, match="the read model says"):
        availability(place, Plan(quick=True, repeats=1))
