"""`bench lag`: how old an event is when a read model shows it, at half of the highest rate of writing and at all of it.

The ages come from looking at the log's head and at each model's position every few milliseconds, so they are never too small.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import sql

from ledger.schema import schema_name
from ops.bench.callers import Shape, Tally
from ops.bench.clients import measure
from ops.bench.findings import Findings
from ops.bench.following import caught_up, follower
from ops.bench.ours import Ours, open_hotel
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import ROOMS, draws_of
from ops.wiring import Wiring, wired

LOOK_SECONDS = 0.005
SHAPES = (Shape(2, 8), Shape(2, 64))
"""The one that writes faster gives the highest rate."""
PACED = Shape(2, 32)
"""Callers enough to keep a pace: they begin on time, whoever of them is still waiting for an answer."""
HEAD = (
    "SELECT position, extract(epoch FROM recorded_at)::float8, extract(epoch FROM clock_timestamp())::float8"
    " FROM {events} ORDER BY position DESC LIMIT 1"
)


@dataclass
class Ages:
    """Of each read model: (when it was seen, in seconds; how old the event was that it had just come to show)."""

    seen: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def of(self, name: str, begin: float = 0.0, end: float = float("inf")) -> list[float]:
        """List the ages in milliseconds between two moments, the smallest first."""
        return sorted(1000 * age for at, age in self.seen[name] if begin <= at < end)

    def slowest(self, share: float) -> tuple[str, float]:
        """Name the model with the largest quantile, and give that."""
        quantiles = {name: quantile(self.of(name), share) for name in self.seen}
        return max(quantiles.items(), key=lambda item: item[1], default=("nothing", 0.0))


def quantile(ordered: list[float], share: float) -> float:
    """Give the value that `share` of them do not exceed; 0 of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def lag(site: Site, plan: Plan) -> Findings:
    """Measure the ages beside our own follower. Raises ClientFailed."""
    findings = Findings("lag")
    rates = {shape: _run(site, plan, shape, None, follow=False)[0].rate for shape in SHAPES}
    fastest = max(rates, key=lambda shape: rates[shape])
    highest = rates[fastest]
    findings.add("highest rate of writing, nobody follows", [highest], "bookings/s", clients=str(fastest))
    worst: list[float] = []
    for short, name, shape, pace in (
        ("half", "half of it", PACED, highest / 2),
        ("full rate", "all that is possible beside the follower", fastest, None),
    ):
        runs = [_run(site, plan, shape, pace, follow=True) for _ in range(plan.repeats)]
        findings.add(f"written at {name}", [tally.rate for tally, _ in runs], "bookings/s")
        for model in runs[0][1].seen:
            tails = [quantile(ages.of(model), 0.99) for _, ages in runs]
            middles = [quantile(ages.of(model), 0.5) for _, ages in runs]
            middle = round(statistics.median(middles), 1)
            findings.add(f"{model}, age p99, written at {short}", tails, "ms", "ours", p50_ms=middle, **_growth(runs, model))
        if pace is not None:
            worst = [ages.slowest(0.99)[1] for _, ages in runs]
    findings.ratios["lag_p99_ms"] = round(statistics.median(worst), 1)
    findings.remark("Age: from recorded_at until the model's position was seen beyond it, the looking included.")
    return findings


def _growth(runs: list[tuple[Tally, Ages]], model: str) -> dict[str, float]:
    """Give the median age of the first and of the last third of a run: it must not grow."""
    tally, ages = runs[-1]
    third = tally.seconds / 3
    return {
        "first_third_ms": round(quantile(ages.of(model, tally.begin, tally.begin + third), 0.5), 1),
        "last_third_ms": round(quantile(ages.of(model, tally.end - third, tally.end), 0.5), 1),
    }


def _run(site: Site, plan: Plan, shape: Shape, pace: float | None, *, follow: bool) -> tuple[Tally, Ages]:
    plan.say(
        f"writing at {f'{pace:.0f} bookings/s' if pace else 'the highest rate'}, {'followed' if follow else 'not followed'}"
    )
    code = asyncio.run(open_hotel(site, ROOMS))
    site.settle()
    load = Ours(site.settings, code, pace=pace / shape.processes if pace else None)
    with follower(site, code, wanted=follow), _watched(site, code, wanted=follow) as ages:
        tally = measure(load, shape, plan.seconds, draws_of(ROOMS))
        if follow:
            asyncio.run(caught_up(site, code))
    site.forget()
    return tally, ages


@contextmanager
def _watched(site: Site, code: str, *, wanted: bool) -> Iterator[Ages]:
    """Look at the read models from a thread of its own while the block runs."""
    ages = Ages()
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_watch(site, code, ages, over)), name="lag")
    if wanted:
        thread.start()
    try:
        yield ages
    finally:
        over.set()
        if wanted:
            thread.join()


async def _watch(site: Site, code: str, ages: Ages, over: threading.Event) -> None:
    async with wired(site.settings, connections=6) as wiring:
        positions = wiring.positions(wiring.models(code))
        noted: dict[str, deque[tuple[int, float]]] = {name: deque() for name in positions}
        ages.seen = {name: [] for name in positions}
        # What was there before is older than anything that is measured.
        last = (await _head(wiring, code))[0]
        while not over.is_set():
            shown = dict(zip(positions, await asyncio.gather(*(position() for position in positions.values())), strict=True))
            head, recorded_at, now = await _head(wiring, code)
            for name, waiting in noted.items():
                while waiting and waiting[0][0] <= shown[name]:
                    ages.seen[name].append((time.monotonic(), now - waiting.popleft()[1]))
                if head > last:
                    waiting.append((head, recorded_at))
            last = head
            await asyncio.sleep(LOOK_SECONDS)


async def _head(wiring: Wiring, code: str) -> tuple[int, float, float]:
    statement = sql.SQL(HEAD).format(events=sql.Identifier(schema_name(code), "events")).as_string().encode()
    async with wiring.pool.connection() as connection:
        row = await (await connection.execute(statement, prepare=True)).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0.0, 0.0)
