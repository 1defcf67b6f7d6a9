"""kill -9 of PostgreSQL and of writing processes at random moments under load: what was acknowledged stands, and once.

The whole command path is under load here, keys store included; the whole product is in `test_kills.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
import pytest
from msgspec.structs import replace

from aggregates.reservation import Reservation
from ledger.log import Log
from ops.catalogue import CATALOGUE
from ops.embedded import Postgres, embedded_servers
from ops.property_file import PropertyFile
from ops.seeding import define
from ops.settings import read_settings
from ops.verify import audit
from ops.wiring import Wiring, wired
from tests.examples import HOTEL, TARIFF
from tests.fault.booker import answer, command_id

CODE = "killed"
KILLS = 10
"""Times the effort: by day so many, at night a hundred."""
BOOKERS = ("anna", "bert")
NO_REDIS = "redis://127.0.0.1:1"
PATIENCE_SECONDS = 40.0
ASKED_AGAIN = 300


class Ground:
    """PostgreSQL, and the writing processes on it. Everybody's answers are in one file each."""

    def __init__(self, home: Path, postgres: Postgres) -> None:
        self.home = home
        self.postgres = postgres
        self.day = datetime.now(UTC).date() + timedelta(days=20)
        places = {"database_url": postgres.url, "redis_url": NO_REDIS, "data_dir": home / "data", "hold_ttl_seconds": 2}
        self.settings = read_settings().model_copy(update=places)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def answers(self, name: str) -> list[dict[str, Any]]:
        """Give what a booker was answered; the last line may be half written."""
        file = self.home / f"{name}.answers"
        lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def starts(self, name: str) -> None:
        """Start a booker where the one before must have stopped: some of its last requests are asked again."""
        first = max((told["number"] for told in self.answers(name)), default=-1) - 3
        environment = {
            **os.environ, "DATABASE_URL": self.postgres.url, "REDIS_URL": NO_REDIS,
            "DATA_DIR": str(self.home / "data"), "HOLD_TTL_SECONDS": "2",
        }  # fmt: skip
        with (self.home / f"{name}.answers").open("ab") as answers, (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.fault.booker", CODE, name, str(max(0, first)), self.day.isoformat()],
                stdout=answers, stderr=log, env=environment,
            )  # fmt: skip

    def kills(self, name: str) -> None:
        """Kill a booker, or PostgreSQL with all its processes, and let it come back."""
        if name == "postgres":
            assert self.postgres.pid is not None
            postmaster = psutil.Process(self.postgres.pid)
            for process in (postmaster, *postmaster.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
            self.postgres.wait()
            self.postgres.start()
        else:
            self.processes[name].kill()
            self.processes[name].wait()
            self.starts(name)

    def goes_on(self) -> None:
        """Wait until every booker is answered again, so that the next kill meets work."""
        before = {name: len(self.answers(name)) for name in BOOKERS}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(len(self.answers(name)) <= before[name] for name in BOOKERS):
            for name, process in self.processes.items():
                assert process.poll() is None, (self.home / f"{name}.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "nobody is answered any more"
            time.sleep(0.02)

    def ends(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """Give an open hotel of four rooms, with nobody in it."""
    with embedded_servers(tmp_path / "data", database_url=None, redis_url=NO_REDIS) as servers:
        (postgres,) = servers.started
        assert isinstance(postgres, Postgres)
        ground = Ground(tmp_path, postgres)
        asyncio.run(_open_hotel(ground))
        try:
            yield ground
        finally:
            ground.ends()


async def _open_hotel(ground: Ground) -> None:
    async with wired(ground.settings) as wiring:
        await define(wiring, PropertyFile(replace(HOTEL, code=CODE), TARIFF), scratch=False)


@pytest.mark.timeout(1500)
def test_what_was_acknowledged_stands_once(ground: Ground, dice: random.Random, effort: int) -> None:
    killed: Counter[str] = Counter()
    for name in BOOKERS:
        ground.starts(name)
    for _ in range(KILLS * effort):
        ground.goes_on()
        time.sleep(dice.uniform(0.0, 0.3))
        target = dice.choice(("postgres", *BOOKERS))
        killed[target] += 1
        ground.kills(target)
    ground.goes_on()
    ground.ends()
    told = [each for name in BOOKERS for each in ground.answers(name)]
    codes = Counter(each["code"] or "accepted" for each in told)
    print(f"killed {dict(killed)}; {len(told)} answers: {dict(codes)}")
    assert codes["accepted"] > KILLS
    assert codes["sold_out"] > KILLS
    _check_log(ground.postgres.url, told)
    asyncio.run(_check_living(ground, told, dice))


def _check_log(url: str, told: list[dict[str, Any]]) -> None:
    """Hold every answer against the bare tables: accepted is there whole, at its place, once; refused left nothing."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            f"SELECT position, command_id, command_index, command_count, topic FROM property_{CODE}.events ORDER BY position"  # noqa: S608 - our own word
        ).fetchall()
        outcomes = connection.execute(
            f"SELECT command_id, position, outcome FROM property_{CODE}.outcomes"  # noqa: S608 - the same
        ).fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    places: dict[Any, list[tuple[int, int, int]]] = {}
    for position, of_command, index, number, _ in rows:
        places.setdefault(of_command, []).append((position, index, number))
    for parts in places.values():
        first, number = parts[0][0], len(parts)
        assert parts == [(first + index, index, number) for index in range(number)], "half a command, or one twice"
    recorded = {of_command: (position, json.loads(outcome)) for of_command, position, outcome in outcomes}
    for each in told:
        position, outcome = recorded[command_id(each["name"], each["number"])]
        events = places.get(command_id(each["name"], each["number"]), [])
        assert outcome.get("code", "") == each["code"]
        if each["code"]:
            assert (events, outcome["message"]) == ([], each["message"])
        else:
            assert (events[-1][0], position) == (each["position"], each["position"])
            assert outcome["answer"]["reservation_id"] == each["message"]
    assert recorded.keys() >= places.keys() - {None}, "events without an outcome"


async def _check_living(ground: Ground, told: list[dict[str, Any]], dice: random.Random) -> None:
    """Ask some again, one in each state; let the product's own audit look, and miss no guest's key."""
    async with wired(ground.settings) as wiring:
        listed = next(each for each in await wiring.access.properties() if each.code == CODE)
        dispatch = wiring.dispatch(listed, None)
        for each in dice.sample(told, min(ASKED_AGAIN, len(told))):
            assert await answer(dispatch, each["name"], each["number"], ground.day) == each
        verdict = await audit(wiring.pool.connection, CODE, [], None, lambda *_: None)
        assert verdict.holds, verdict.findings
        assert await _without_key(wiring) == set()


async def _without_key(wiring: Wiring) -> set[UUID]:
    """Name the keys that events were sealed under and that are not in the keys store."""
    async with wiring.pool.connection() as connection:
        rows = await Log(CODE).tail(connection, 0, 10**9)
    events = [CATALOGUE.read(row) for row in rows]
    sealed = {event.guest.key_id for event in events if isinstance(event, Reservation.Held)}
    return sealed - await asyncio.to_thread(wiring.keys.alive, sealed)
