"""`bench availability`: what is left and what it costs, for one night and for a year, in a small and in a large hotel.

The read model is filled by its own projection, with the same stays that stand in the peer's table. Nights are not listed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from uuid import UUID, uuid4

from aggregates.property import Property
from aggregates.room_night import RoomNight
from ledger.clock import Clock, local_date
from ledger.event import Event, Recorded
from ledger.stay_dates import LONGEST_STAY_NIGHTS, StayDates
from ops.bench.bookings_table import BookingsTable, Row
from ops.bench.checks import NotTrue
from ops.bench.findings import Findings
from ops.bench.hotel import ZONE, kind_of, room_code, scratch_hotel
from ops.bench.ours import open_hotel
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.wiring import Wiring, wired
from projections.from_date import MOST_ROOMS
from queries.offers import Wish, lowest_total, rooms_left
from web.house import Desk

KINDS = ("standard", "garden", "lake", "suite", "villa")
SIZES, QUICK_SIZES = (40, 4_000), (40, 400)
LENGTHS = (1, LONGEST_STAY_NIGHTS)
HORIZON_NIGHTS = 730
FREE_ROOM_EVERY = 20
"""One room of each type in so many has no stay, so that a whole year can be found at all."""
SEARCHES, QUICK_SEARCHES = 400, 40
SQL_SHARE = 10
"""The peer is asked a part of the searches: it would take minutes otherwise."""
LONG_AGO = UUID(int=1)


@dataclass
class Timed:
    """Microseconds of the searches of one length in one hotel, a list a repeat."""

    ours: list[float] = field(default_factory=list)
    table: list[float] = field(default_factory=list)

    def plus(self, other: Timed) -> Timed:
        """Add up what ran beside each other."""
        return Timed(
            *([a + b for a, b in zip(*each, strict=True)] for each in ((self.ours, other.ours), (self.table, other.table)))
        )


def availability(site: Site, plan: Plan) -> Findings:
    """Measure decision and total of searches, ours and the table's in turns. Raises NotTrue when they do not agree."""
    findings = Findings("availability")
    for rooms in QUICK_SIZES if plan.quick else SIZES:
        timed, calls = asyncio.run(_hotel(site, plan, rooms))
        for nights, each in timed.items():
            label = f"{rooms:,} rooms, {nights} night{'s' * (nights > 1)}"
            findings.add(f"one look in Redis: {label}", each.ours, "µs", calls_a_search=calls)
            findings.add(f"  SQL over a bookings table: {label}", each.table, "µs", "peer")
        night, year = (timed[nights] for nights in LENGTHS)
        findings.relate(f"availability_year_vs_night_{rooms}", year.ours, night.ours)
        findings.relate(f"availability_vs_sql_{rooms}", night.plus(year).table, night.plus(year).ours)
        findings.relate(f"availability_night_vs_sql_{rooms}", night.table, night.ours)
        findings.relate(f"availability_year_vs_sql_{rooms}", year.table, year.ours)
        findings.ratios[f"availability_calls_{rooms}"] = calls
    findings.remark("The goal over SQL is about a search for a night and one for a year together; each is told by itself, too.")
    findings.remark(f"One search after the other, of {len(KINDS)} room types, each with its lowest total over two rate plans.")
    return findings


async def _hotel(site: Site, plan: Plan, rooms: int) -> tuple[dict[int, Timed], float]:
    """Fill one hotel and search in it: the times by length of stay, and the calls to Redis a search."""
    plan.say(f"availability: filling a hotel of {rooms:,} rooms")
    code = await open_hotel(site, rooms, KINDS)
    first = local_date(Clock().now(), ZONE) + timedelta(days=1)
    stays = list(_stays(rooms, first))
    timed = {nights: Timed() for nights in LENGTHS}
    searches = QUICK_SEARCHES if plan.quick else SEARCHES
    async with wired(site.settings, connections=2) as wiring:
        await _fill(wiring, code, rooms, stays)
        desk = await wiring.desk(code)
        assert desk is not None  # noqa: S101 - it was opened above
        with BookingsTable.filled(site, [(room_code(room), kind_of(room, KINDS)) for room in range(rooms)], stays) as table:
            await desk.availability.free(StayDates(first, first + timedelta(days=1)))
            before = await _calls(wiring)
            for number in range(plan.repeats):
                plan.say(f"availability: {rooms:,} rooms, round {number + 1} of {plan.repeats}")
                await _round(desk, table, _searches(first, number, searches), timed)
            calls = (await _calls(wiring) - before) / (searches * len(LENGTHS) * plan.repeats)
    return timed, round(calls, 3)


async def _round(desk: Desk, table: BookingsTable, arrivals: Sequence[date], timed: dict[int, Timed]) -> None:
    """Search for all arrivals, short and long in turns, and ask the table a part of the same."""
    hotel = await desk.hotel.current()
    ours: dict[int, list[float]] = {nights: [] for nights in LENGTHS}
    theirs: dict[int, list[float]] = {nights: [] for nights in LENGTHS}
    for number, arrival in enumerate(arrivals):
        for nights in LENGTHS:
            wish = Wish(StayDates(arrival, arrival + timedelta(days=nights)), 2, 0, 1)
            began = time.perf_counter()
            left = rooms_left(hotel, await desk.availability.free(wish.dates), wish)
            totals = [lowest_total(hotel, kind, wish) for kind in left]
            ours[nights].append(time.perf_counter() - began)
            if number % SQL_SHARE == 0:
                began = time.perf_counter()
                counted = table.left(wish.dates)
                theirs[nights].append(time.perf_counter() - began)
                found = {kind: each.sure for kind, each in left.items() if each.sure}
                if not all(totals) or found != {kind: min(count, MOST_ROOMS) for kind, count in counted.items()}:
                    message = f"{wish.dates}: the read model says {found}, the table {counted}"
                    raise NotTrue(message)
    for nights in LENGTHS:
        timed[nights].ours.append(1e6 * median(ours[nights]))
        timed[nights].table.append(1e6 * median(theirs[nights]))


def _searches(first: date, seed: int, count: int) -> list[date]:
    drawn = random.Random(seed)  # noqa: S311 - any dates will do
    return [first + timedelta(days=drawn.randrange(HORIZON_NIGHTS - LONGEST_STAY_NIGHTS)) for _ in range(count)]


def _stays(rooms: int, first: date) -> Iterator[Row]:
    """Give stays of 1 to 7 nights with gaps between them, room by room: about two nights in three are taken."""
    drawn = random.Random(rooms)  # noqa: S311 - any stays will do
    for room in range(rooms):
        is_free = room // len(KINDS) % FREE_ROOM_EVERY == room % len(KINDS)
        night = HORIZON_NIGHTS if is_free else 0
        while (night := night + drawn.randrange(4)) < HORIZON_NIGHTS:
            nights = drawn.randrange(1, 8)
            yield room_code(room), first + timedelta(days=night), first + timedelta(days=night + nights)
            night += nights


async def _fill(wiring: Wiring, code: str, rooms: int, stays: Sequence[Row]) -> None:
    """Apply the stays to the read model, as a follower would."""
    model = wiring.models(code).availability
    definition = scratch_hotel(code, rooms, KINDS).definition
    position = 1
    await model.apply(1, 0, position, [_recorded(position, Property.Opened(definition=definition))])
    for begin in range(0, len(stays), 1000):
        events = [
            _recorded(position, RoomNight.BookingConfirmed(room=room, stay_date=night, stay_id=LONG_AGO))
            for room, arrival, departure in stays[begin : begin + 1000]
            for night in StayDates(arrival, departure)
        ]
        await model.apply(1, position, position + len(events), events)
        position += len(events)


def _recorded(position: int, event: Event) -> Recorded:
    now = Clock().now()
    return Recorded(
        position=position, stream=uuid4(), version=1, event=event, occurred_at=now, recorded_at=now, command_id=LONG_AGO,
        command_index=0, command_count=1, correlation_id=LONG_AGO, cause_position=None, actor="bench", business_date=now.date(),
    )  # fmt: skip


async def _calls(wiring: Wiring) -> float:
    """Count the calls of scripts that the server has answered."""
    told = await wiring.redis.info("commandstats")
    return float(told.get("cmdstat_evalsha", {}).get("calls", 0))
