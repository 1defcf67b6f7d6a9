"""`nightledger stress`: many guests want one stay of a type with K rooms at the same moment, over HTTP. Exactly K may win.

Runs against a running `up`, or starts one of its own with two web processes in a temporary data directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aggregates.property import Definition, Room, RoomType
from aggregates.rates import RatePlan, Tariff, TypePrice
from ops.api_keys import create_key
from ops.embedded import attach
from ops.free_ports import neighbouring_ports
from ops.property_file import PropertyFile
from ops.seeding import define
from ops.settings import BadConfiguration, Settings
from ops.up import SITE, wait_for
from ops.wiring import wired

START_SECONDS = 60
ANSWER_SECONDS = 60
STAY_NIGHTS = 3
REFUSALS = frozenset({"sold_out", "room_night.taken"})


@dataclass(frozen=True, kw_only=True)
class StressResult:
    """What came of a run; latencies in seconds."""

    attempts: int
    rooms: int
    winners: int
    refusals: int
    errors: int
    seconds: float
    latency_p50: float
    latency_p99: float
    latency_max: float
    error_kinds: dict[str, int]

    def holds(self) -> bool:
        """Tell whether nobody was double-booked, nobody was turned away wrongly, and nothing failed."""
        return self.winners == min(self.rooms, self.attempts) and self.errors == 0

    def text(self) -> str:
        """Write the result for a terminal."""
        verdict = "holds" if self.holds() else "DOES NOT HOLD"
        lines = [
            f"{verdict}: {self.attempts} attempts on {self.rooms} room(s) of one stay",
            f"  winners   {self.winners} (must be {min(self.rooms, self.attempts)})",
            f"  refusals  {self.refusals}",
            f"  errors    {self.errors} {self.error_kinds or ''}",
            f"  all answered in {self.seconds:.2f} s",
            f"  latency   p50 {self.latency_p50:.3f} s, p99 {self.latency_p99:.3f} s, max {self.latency_max:.3f} s",
        ]
        return "\n".join(lines)


def stress(settings: Settings, attempts: int, rooms: int, url: str | None) -> StressResult:
    """Run it. Raises BadConfiguration when no server can be reached or started."""
    running = attach(settings.data_dir) if not settings.database_url else None
    if running is not None:
        at = settings.model_copy(update={"database_url": running.database_url, "redis_url": running.redis_url})
        return asyncio.run(_run(at, attempts, rooms, url or (settings.data_dir / SITE).read_text()))
    if settings.database_url and settings.redis_url:
        return asyncio.run(_run(settings, attempts, rooms, url or settings.site_url))
    with _own_server(settings) as (at, address):
        return asyncio.run(_run(at, attempts, rooms, address))


async def _run(settings: Settings, attempts: int, rooms: int, url: str) -> StressResult:
    """Open a scratch property, make a key for it, attack."""
    code = f"stress_{secrets.token_hex(4)}"
    async with wired(settings, connections=2) as wiring:
        await define(wiring, _scratch(code, rooms), scratch=True)
        _, key = await create_key(wiring, code, ["holds:write"], "stress")
        arrival = (wiring.clock.now() + timedelta(days=30)).date()
    body = {
        "room_type": "standard", "rate_plan": "flexible",
        "arrival": arrival.isoformat(), "departure": (arrival + timedelta(days=STAY_NIGHTS)).isoformat(),
        "adults": 2, "guest": {"name": "Load Run", "email": "load@example.com"},
    }  # fmt: skip
    return await _attack(url, f"/api/v1/properties/{code}/holds", key, body, attempts, rooms)


async def _attack(url: str, path: str, key: str, body: dict[str, Any], attempts: int, rooms: int) -> StressResult:
    """Open every connection first, then send all requests at once: nobody is early, and the client costs next to nothing."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    start = asyncio.Event()

    async def attempt() -> tuple[str, float]:
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection(host, port)
            await start.wait()
            began = time.monotonic()
            writer.write(_request(host, path, key, json.dumps(body).encode()))
            kind = _kind(await asyncio.wait_for(reader.read(), ANSWER_SECONDS))
            writer.close()
        except (OSError, TimeoutError, ValueError, IndexError) as fault:
            kind = type(fault).__name__
        return kind, time.monotonic() - began

    tasks = [asyncio.create_task(attempt()) for _ in range(attempts)]
    await asyncio.sleep(min(2.0, 0.2 + attempts / 1000))
    began = time.monotonic()
    start.set()
    answers = await asyncio.gather(*tasks)
    return _result(answers, attempts, rooms, time.monotonic() - began)


def _request(host: str, path: str, key: str, payload: bytes) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {key}",
        "Connection: close",
        f"Idempotency-Key: {secrets.token_hex(16)}",
        "Content-Type: application/json",
        f"Content-Length: {len(payload)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def _kind(raw: bytes) -> str:
    head, _, body = raw.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if status == 201:  # noqa: PLR2004 - as HTTP names it
        return "won"
    code = json.loads(body).get("code", "")
    return "refused" if code in REFUSALS else f"{status} {code}"


def _result(answers: list[tuple[str, float]], attempts: int, rooms: int, seconds: float) -> StressResult:
    kinds = Counter(kind for kind, _ in answers)
    latencies = sorted(latency for _, latency in answers)
    wrong = {kind: count for kind, count in kinds.items() if kind not in {"won", "refused"}}
    return StressResult(
        attempts=attempts, rooms=rooms, winners=kinds["won"], refusals=kinds["refused"], errors=sum(wrong.values()),
        seconds=round(seconds, 3), latency_p50=round(statistics.median(latencies), 4),
        latency_p99=round(latencies[int(len(latencies) * 0.99)], 4), latency_max=round(latencies[-1], 4), error_kinds=wrong,
    )  # fmt: skip


def _scratch(code: str, rooms: int) -> PropertyFile:
    """Make a small house with one room type."""
    kind = RoomType(
        code="standard", name="Standard", short="A room", description="A room", picture="pictures/mark.svg", view="garden",
        beds="one double", size_m2=20, max_adults=2, max_guests=3, amenities=(),
    )  # fmt: skip
    plan = RatePlan(
        code="flexible", name="Flexible", summary="", board="Room only", percent=Decimal(100), board_adult_minor=0,
        board_child_minor=0, deposit_percent=Decimal(30), policy_name="Flexible", policy_text="Free until arrival.",
        free_until_days=0, fee_nights=1,
    )  # fmt: skip
    price = TypePrice(room_type="standard", base_minor=10_000, included_adults=2, extra_adult_minor=0, extra_child_minor=0)
    hotel = Definition(
        code=code, name="Scratch", tagline="", time_zone="Asia/Colombo", currency="USD", check_in_time="14:00",
        check_out_time="11:00", address="", phone="", email="scratch@example.com", room_types=(kind,),
        rooms=tuple(Room(code=f"{number}", room_type="standard", floor=1) for number in range(1, rooms + 1)),
    )  # fmt: skip
    tariff = Tariff(
        currency="USD", time_zone="Asia/Colombo", check_in_time="14:00", prices=(price,), seasons=(), plans=(plan,), taxes=()
    )
    return PropertyFile(hotel, tariff)


@contextmanager
def _own_server(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """Run an installation of its own while the block runs. Raises BadConfiguration when it does not start."""
    with tempfile.TemporaryDirectory(prefix="nightledger-stress-") as directory:
        port = neighbouring_ports(2)[0]
        environment = {
            **os.environ, "DATA_DIR": directory, "PORT": str(port), "SANDBOX_PORT": str(port + 1),
            "WEB_WORKERS": str(settings.web_workers),
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "up"], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            at = settings.model_copy(update={"data_dir": Path(directory), "port": port})
            yield _wait_for(at, process), at.site_url
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)


def _wait_for(at: Settings, process: subprocess.Popen[bytes]) -> Settings:
    wait_for(f"{at.site_url}/readyz", START_SECONDS)
    running = attach(at.data_dir)
    if running is None or process.poll() is not None:
        message = "a server for the load run did not start: start `nightledger up` and try again"
        raise BadConfiguration(message)
    return at.model_copy(update={"database_url": running.database_url, "redis_url": running.redis_url})
