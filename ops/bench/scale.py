"""`bench scale`: the same bookings on a log of ten thousand events and on one of millions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ops.bench.callers import Shape, Tally
from ops.bench.checks import batch_size, read_back
from ops.bench.clients import measure
from ops.bench.draws import Draws
from ops.bench.findings import Findings
from ops.bench.history import fill
from ops.bench.ours import Ours, open_hotel
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import ROOMS, draws_of

SMALL, LARGE, QUICK_LARGE = 10_000, 5_000_000, 200_000
SHAPE = Shape(2, 8)
MEBIBYTE = 2**20
WARM_UP = 1.0
"""Share of the measured time that runs before it. Long enough for the first touch of most pages after the checkpoint, which
PostgreSQL logs whole, and for the kept streams to come to their limit: what goes on for minutes is compared, not the start."""


@dataclass
class Hotel:
    """A scratch hotel with a history: where its log stood before the last run, and what is left to draw."""

    code: str
    events: int
    head: int
    draws: Draws
    tallies: list[Tally] = field(default_factory=list)


def scale(site: Site, plan: Plan) -> Findings:
    """Measure bookings a second beside a short and a long history, in turns. Raises NotTrue, ClientFailed."""
    hotels = [_with_history(site, plan, events) for events in (SMALL, QUICK_LARGE if plan.quick else LARGE)]
    for number in range(plan.repeats):
        for hotel in hotels:
            plan.say(f"round {number + 1} of {plan.repeats}: {hotel.events:,} events, {SHAPE} callers")
            _book(site, plan, hotel)
    findings = Findings("scale")
    for hotel in hotels:
        last = hotel.tallies[-1]
        before, after = (sum(sizes) / len(sizes) / MEBIBYTE for sizes in zip(*last.memory, strict=True))
        findings.add(
            f"Nightledger, {hotel.events:,} events", [tally.rate for tally in hotel.tallies], "bookings/s",
            clients=str(SHAPE), p50_ms=round(last.quantile(0.5), 2), p99_ms=round(last.quantile(0.99), 2),
            process_mb_warm=round(before), process_mb_after=round(after),
        )  # fmt: skip
    small, large = ([tally.rate for tally in hotel.tallies] for hotel in hotels)
    findings.relate("scale", large, small)
    findings.remark(f"Measured after a warm-up of {WARM_UP * plan.seconds:g} s each, which follows a checkpoint.")
    findings.remark("Of the memory, some 200 bytes a booking are the notes of the bench itself; without them it does not grow.")
    findings.remark("The short log grows with every round, too; the history is copies of one real booking, held and confirmed.")
    return findings


def _with_history(site: Site, plan: Plan, events: int) -> Hotel:
    code = asyncio.run(open_hotel(site, ROOMS))
    return Hotel(code, events, fill(site, code, events, plan), draws_of(ROOMS).after(2))


def _book(site: Site, plan: Plan, hotel: Hotel) -> None:
    site.settle()
    tally = measure(Ours(site.settings, hotel.code), SHAPE, plan.seconds, hotel.draws, warm_up=plan.seconds * WARM_UP)
    batch_size(site, hotel.code, tally.acknowledged, after=hotel.head)
    asyncio.run(read_back(site, hotel.code, tally.acknowledged, hotel.draws))
    hotel.tallies.append(tally)
    hotel.head = site.head(hotel.code)
    hotel.draws = hotel.draws.after(max((number for _, number in tally.acknowledged), default=0))
