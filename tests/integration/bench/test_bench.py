"""`nightledger bench` from end to end, tiny: what it writes, how it ends, and whether its own checks would notice a fault."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import pytest
from click.testing import CliRunner
from psycopg import sql

from ledger.schema import schema_name
from ops.bench import findings, rebuilding
from ops.bench.callers import Book, Booked, Load, Shape, Tally
from ops.bench.checks import NotTrue, batch_size, read_back
from ops.bench.clients import ClientFailed, measure
from ops.bench.draws import Draws
from ops.bench.ours import Ours, open_hotel
from ops.bench.plain_sql import Exclude
from ops.bench.run import BENCHES
from ops.bench.site import Site, site
from ops.bench.subjects import draws_of
from ops.cli.measuring import bench
from ops.embedded import EmbeddedServerError
from ops.settings import Settings

ROOMS = 50
TINY = Shape(1, 4)


@pytest.fixture(scope="module")
def place(missing: Callable[[str], NoReturn]) -> Iterator[Site]:
    """Give servers to measure on: those that the environment names, or our own for this file."""
    given = Settings(database_url=os.environ.get("DATABASE_URL"), redis_url=os.environ.get("REDIS_URL"))
    try:
        with site(given) as found:
            yield found
            found.forget()
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")


@pytest.fixture
def there(place: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty directory to be in, with the servers named in the environment."""
    for name in ("database_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(place.settings, name))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


class FullHotel(Load):
    """Every stay is taken, but for one in `free_every`."""

    def __init__(self, free_every: int) -> None:
        self.free_every = free_every

    @asynccontextmanager
    async def opened(self, draws: Draws, callers: int) -> AsyncIterator[Book]:  # noqa: ARG002 - as many as there are
        numbers = count()

        async def book(caller: int) -> Booked | None:
            await asyncio.sleep(0.001)
            number = next(numbers)
            return None if number % self.free_every else (UUID(int=number), number)

        yield book


def test_a_hotel_that_is_full_has_no_figure() -> None:
    assert measure(FullHotel(1), TINY, 0.2, draws_of(1)).refused == 0
    with pytest.raises(ClientFailed, match="stays were taken already: measure for fewer --seconds"):
        measure(FullHotel(3), TINY, 0.2, draws_of(1))


def ask_for(goal: str, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Put another goal in the place of all."""
    path = directory / "goals.toml"
    path.write_text(f'[writes_vs_exclude]\nsays = "x"\n{goal}\n', "utf-8")
    monkeypatch.setattr(findings, "GOALS", path)


def schemas(place: Site) -> set[str]:
    with place.connect() as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%bench\\_%'")
        return {name for (name,) in found}


def test_a_missed_goal_ends_with_1_and_everything_is_written(place: Site, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_for("at_least = 1e9", monkeypatch, there)
    before = schemas(place)
    ended = CliRunner().invoke(bench, ["writes", "--quick", "--only", "subject,exclude", "--check", "--write-docs"])
    assert ended.exit_code == 1, ended.output
    assert "writes_vs_exclude is" in ended.output
    assert "the goal is at least 1e+09" in ended.output
    assert schemas(place) == before
    told = json.loads((there / "bench.json").read_text("utf-8"))
    assert told["server"]["fsync"] == told["server"]["synchronous_commit"] == "on"
    assert_shape(told["benches"]["writes"], {"writes_vs_exclude"})
    assert "Nightledger" in (there / "docs/performance.md").read_text("utf-8")
    assert "bookings/s" in (there / "docs/pictures/performance.svg").read_text("utf-8")


def assert_shape(told: dict[str, Any], ratios: set[str]) -> None:
    assert set(told["ratios"]) == ratios
    assert all(value > 0 for value in told["ratios"].values())
    for row in told["rows"]:
        low, high = row["spread"]
        assert row["subject"]
        assert row["unit"]
        assert 0 < low <= row["value"] <= high


def test_a_goal_that_is_met_ends_with_0(place: Site, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.server["fsync"] == "on"
    monkeypatch.setattr(rebuilding, "QUICK_EVENTS", 400)
    ask_for("at_least = 0", monkeypatch, there)
    ended = CliRunner().invoke(bench, ["rebuild", "--quick", "--check", "--json"])
    assert ended.exit_code == 0, ended.output
    assert_shape(json.loads((there / "bench.json").read_text("utf-8"))["benches"]["rebuild"], {"rebuild"})


def test_every_bench_runs(there: Path, effort: int) -> None:
    """At night only: it takes minutes."""
    if effort == 1:
        pytest.skip("runs with HYPOTHESIS_PROFILE=nightly")
    ended = CliRunner().invoke(bench, ["--quick"])
    assert ended.exit_code == 0, ended.output
    assert set(json.loads((there / "bench.json").read_text("utf-8"))["benches"]) == set(BENCHES)


@pytest.fixture(scope="module")
def booked(place: Site) -> tuple[str, Tally]:
    """Make some bookings that later tests damage: the property's code and what was acknowledged."""
    code = asyncio.run(open_hotel(place, ROOMS))
    return code, measure(Ours(place.settings, code), TINY, 0.3, draws_of(ROOMS))


def test_an_honest_run_passes_its_checks(place: Site, booked: tuple[str, Tally]) -> None:
    code, tally = booked
    assert batch_size(place, code, tally.acknowledged) >= 1
    sample = tally.acknowledged[:20]
    assert asyncio.run(read_back(place, code, sample, draws_of(ROOMS))) == len(sample)


def test_a_booking_that_is_not_in_the_log_is_noticed(place: Site, booked: tuple[str, Tally]) -> None:
    code, tally = booked
    lost = [*tally.acknowledged, (tally.acknowledged[0][0], 10**6)]
    with pytest.raises(NotTrue, match=rf"{len(lost)} bookings were acknowledged, {len(lost) - 1} are"):
        batch_size(place, code, lost)


def test_a_guest_who_reads_back_otherwise_is_noticed(place: Site, booked: tuple[str, Tally]) -> None:
    code, tally = booked
    reservation_id, number = tally.acknowledged[0]
    with pytest.raises(NotTrue, match="reads back otherwise"):
        asyncio.run(read_back(place, code, [(reservation_id, number + 1)], draws_of(ROOMS)))


def test_a_night_that_is_held_twice_is_noticed(place: Site, booked: tuple[str, Tally]) -> None:
    code, tally = booked
    twice = sql.SQL(
        "INSERT INTO {events} (position, stream, version, topic, payload, occurred_at, recorded_at)"
        " SELECT (SELECT max(position) + 1 FROM {events}), gen_random_uuid(), 1, topic, payload, occurred_at, recorded_at"
        " FROM {events} WHERE topic = 'room-night.hold-requested.v1' LIMIT 1"
    ).format(events=sql.Identifier(schema_name(code), "events"))
    with place.connect() as connection:
        connection.execute(twice)
    with pytest.raises(NotTrue, match="1 are double"):
        batch_size(place, code, tally.acknowledged)


def test_a_failing_client_ends_the_measurement(place: Site) -> None:
    load = Exclude.created(place)
    with place.connect() as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(load.schema)))
    with pytest.raises(ClientFailed, match=r"UndefinedTable.*bookings"):
        measure(load, TINY, 0.1, draws_of(ROOMS))
