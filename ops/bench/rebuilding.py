"""`bench rebuild`: how fast read models are made again from a long history, beside what the server can hand out raw."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from psycopg import sql

from ledger.log import EVENT_COLUMNS
from ledger.schema import schema_name
from ops.bench.checks import NotTrue
from ops.bench.findings import Findings
from ops.bench.history import fill
from ops.bench.ours import open_hotel
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import ROOMS
from ops.read_models import NAMES
from ops.rebuild import rebuild
from ops.wiring import wired

EVENTS, QUICK_EVENTS = 1_000_000, 20_000
COPY = "COPY (SELECT {columns} FROM {events} ORDER BY position) TO STDOUT"


@dataclass
class Timed:
    """Seconds of each rebuild of a model: all of it, and the part that filled the new generation."""

    whole: list[float] = field(default_factory=list)
    filling: list[float] = field(default_factory=list)


def rebuilding(site: Site, plan: Plan) -> Findings:
    """Measure the events a second of each model's rebuild, compared and switched. Raises NotTrue."""
    code = asyncio.run(open_hotel(site, ROOMS))
    events = fill(site, code, QUICK_EVENTS if plan.quick else EVENTS, plan)
    site.settle()
    models = {name: Timed() for name in NAMES}
    raw: list[float] = []
    for number in range(plan.repeats + 1):
        # The first one meets empty read models; from the second on, both generations hold the same and are compared.
        raw.append(_copy(site, code))
        for name, timed in models.items():
            plan.say(f"rebuild {number} of {plan.repeats}: {name}, {events:,} events")
            asyncio.run(_rebuild(site, code, name, timed, compared=number > 0))
    findings = Findings("rebuild")
    for name, timed in models.items():
        filling = round(events / min(timed.filling[1:]))
        rates = [events / seconds for seconds in timed.whole[1:]]
        findings.add(f"rebuild {name}", rates, "events/s", filling_alone=f"{filling:,}/s", events=events)
    findings.add(
        "COPY of the same events to a client that drops them", [events / seconds for seconds in raw[1:]], "events/s", "floor"
    )
    findings.ratios["rebuild"] = min(row.value for row in findings.rows if row.subject.startswith("rebuild "))
    findings.remark("The ratio is the rate of the slowest model: filled, compared with the live one, switched to.")
    return findings


def _copy(site: Site, code: str) -> float:
    statement = sql.SQL(COPY).format(columns=sql.SQL(EVENT_COLUMNS), events=sql.Identifier(schema_name(code), "events"))
    began = time.monotonic()
    with site.connect() as connection, connection.cursor().copy(statement) as rows:
        for _ in rows:
            pass
    return time.monotonic() - began


async def _rebuild(site: Site, code: str, name: str, timed: Timed, *, compared: bool) -> None:
    reports: list[float] = []
    async with wired(site.settings, connections=4) as wiring:
        began = time.monotonic()
        done = await rebuild(wiring, code, name, lambda *_: reports.append(time.monotonic()))
    timed.whole.append(time.monotonic() - began)
    timed.filling.append(reports[-1] - began)
    if not done.switched or (compared and done.differences):
        message = f"{name}: {len(done.differences)} differences between two generations of one log, switched: {done.switched}"
        raise NotTrue(message)
