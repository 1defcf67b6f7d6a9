"""`bench http`: POST /holds and GET /availability of one web process, each beside its floor on the same server settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from redis import Redis

from ops.bench.callers import Booked, Load, Shape, Tally
from ops.bench.checks import batch_size, read_back
from ops.bench.clients import measure
from ops.bench.findings import Findings, Kind
from ops.bench.floor_web import AVAILABILITY_ANSWER, HOLD_ANSWER
from ops.bench.following import caught_up, follower
from ops.bench.http_client import Connection, Holds, Searches
from ops.bench.ours import open_hotel
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import draws_of
from ops.bench.web_processes import FLOOR, OURS, profiled, web

KINDS = ("standard", "garden", "lake", "suite", "villa")
ROOMS = 100
SHAPES = tuple(Shape(1, callers) for callers in (8, 32, 64))
SEARCH_SHARE = 0.3
RATIOS = {"holds_vs_floor": ("holds", "holds-floor"), "availability_vs_floor": ("availability", "availability-floor")}


@dataclass
class Route:
    """A route of ours, or a floor: what it is asked, at how many callers it is fastest, and the bookings it took."""

    label: str
    load: Load
    kind: Kind = "ours"
    shape: Shape = SHAPES[0]
    tallies: list[Tally] = field(default_factory=list)


def over_http(site: Site, plan: Plan) -> Findings:
    """Measure requests a second at the best client count of each route. Raises NotTrue, ClientFailed."""
    code = asyncio.run(open_hotel(site, ROOMS, KINDS))
    root = f"/api/v1/properties/{code}"
    run = _Run(site, plan, code)
    with follower(site, code), web(site, profiled(OURS, plan.profile)) as port:
        run.acknowledged.append(asyncio.run(_keep_answers(site, port, root)))
        with web(site, FLOOR) as floor:
            routes = {
                "availability": Route("GET /availability", Searches(port, f"{root}/availability")),
                "availability-floor": Route(
                    "  floor: the same bytes after one Redis read", Searches(floor, "/availability"), "floor"
                ),
                "holds": Route("POST /holds", Holds(port, f"{root}/holds", KINDS)),
                "holds-floor": Route(
                    "  floor: the same body validated, a constant answered", Holds(floor, "/holds", KINDS), "floor"
                ),
            }
            routes = plan.chosen(routes)
            for route in routes.values():
                run.choose(route)
            for _ in range(plan.repeats):
                for route in routes.values():
                    run.once(route, plan.seconds)
    if "holds" in routes:
        run.check(routes["holds"])
    return _told(routes)


class _Run:
    """Goes through the draws of the hotel once, whatever is measured."""

    def __init__(self, site: Site, plan: Plan, code: str) -> None:
        self._site = site
        self._plan = plan
        self._code = code
        self._draws = draws_of(ROOMS).after(0)
        self.acknowledged: list[Booked] = []

    def choose(self, route: Route) -> None:
        """Find the client count at which a route is fastest."""
        if not self._plan.quick:
            rates = {shape: self._measure(route, shape, self._plan.seconds * SEARCH_SHARE).rate for shape in SHAPES}
            route.shape = max(rates, key=lambda shape: rates[shape])

    def once(self, route: Route, seconds: float) -> None:
        """Measure a route once."""
        self._plan.say(f"round {len(route.tallies) + 1} of {self._plan.repeats}: {route.label.strip()}, {route.shape} callers")
        route.tallies.append(self._measure(route, route.shape, seconds))

    def _measure(self, route: Route, shape: Shape, seconds: float) -> Tally:
        self._site.settle()
        asyncio.run(caught_up(self._site, self._code))
        tally = measure(route.load, shape, seconds, self._draws)
        if route.label == "POST /holds":
            self.acknowledged += tally.acknowledged
            self._draws = self._draws.after(max((number for _, number in tally.acknowledged), default=0))
        return tally

    def check(self, route: Route) -> None:
        """Look whether every acknowledged hold is in the log once, and read some back. Raises NotTrue."""
        counters = route.tallies[-1].counters
        counters["bookings a commit"] = round(batch_size(self._site, self._code, self.acknowledged), 1)
        counters["read back"] = asyncio.run(read_back(self._site, self._code, self.acknowledged, self._draws))


async def _keep_answers(site: Site, port: int, root: str) -> Booked:
    """Ask the product once, and keep what it answers in Redis, where the floor finds it: the hold that this made."""
    draw = draws_of(ROOMS).draw(0)
    searches, holds = Searches(port, f"{root}/availability"), Holds(port, f"{root}/holds", KINDS)
    async with Connection.opened(port) as connection:
        _, found = await connection.ask(searches.request(draw)[0])
        status, held = await connection.ask(*holds.request(draw))
    booked = holds.booked(status, held, draw)
    assert booked is not None  # noqa: S101 - the hotel is empty
    with Redis.from_url(site.settings.redis_url or "") as redis:
        redis.mset({AVAILABILITY_ANSWER: found, HOLD_ANSWER: held})
    return booked


def _told(routes: Mapping[str, Route]) -> Findings:
    findings = Findings("http")
    for route in routes.values():
        last = route.tallies[-1]
        counters = {name: round(count, 1) for name, count in last.counters.items()}
        findings.add(
            route.label, [tally.rate for tally in route.tallies], "requests/s", route.kind, clients=str(route.shape),
            p50_ms=round(last.quantile(0.5), 2), p99_ms=round(last.quantile(0.99), 2), refused=last.refused, **counters,
        )  # fmt: skip
    for name, (mine, other) in RATIOS.items():
        if {mine, other} <= routes.keys():
            findings.relate(name, [each.rate for each in routes[mine].tallies], [each.rate for each in routes[other].tallies])
    findings.remark(
        f"One web process; {len(KINDS)} room types, {ROOMS} rooms, 2 rate plans; followers run beside it, as in production."
    )
    return findings
