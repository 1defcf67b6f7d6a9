"""`bench rush`: many guests want one stay at the same moment, and every one of them waits for an answer.

One may win, nobody may see an error. Attempts wait for a free caller (a pooled connection, a coroutine) as in any real pool;
every caller has made one booking of something else before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from ops.bench.callers import Load, Shape, Tally
from ops.bench.checks import NotTrue
from ops.bench.clients import attack
from ops.bench.draws import LEAD_DAYS, Draw, Draws
from ops.bench.findings import Findings, Kind
from ops.bench.following import follower
from ops.bench.http_client import Holds
from ops.bench.ours import Ours, open_hotel
from ops.bench.plain_sql import ExcludeInCrowds, PlainSql, Serializable
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import draws_of
from ops.bench.web_processes import OURS, web

ATTEMPTS = 500
WEB_PROCESSES = 2
ALL_AT_ONCE = (Shape(2, ATTEMPTS // 2),)
POOLS = tuple(Shape(2, callers) for callers in (4, 10, 25, 45))
"""Connections of the peers: 8 to 90, of the server's 100."""


@dataclass
class SameStay(Draws):
    """The first `before` draws are any stays of the only room; all others are one stay beyond those dates."""

    before: int = 0

    def draw(self, number: int) -> Draw:
        """Give a draw by its number."""
        return super().draw(number) if number < self.before else Draw(number, 0, self.first + timedelta(days=LEAD_DAYS))


@dataclass(kw_only=True)
class Crowd:
    """A way to book, opened afresh for each attack."""

    label: str
    shapes: tuple[Shape, ...]
    opened: Callable[[Site], Iterator[Load]]
    kind: Kind = "ours"
    shape: Shape | None = None
    tallies: list[Tally] = field(default_factory=list)


def rush(site: Site, plan: Plan) -> Findings:
    """Measure the seconds until all attempts are answered, at the best client count of each. Raises NotTrue, ClientFailed."""
    crowds = plan.chosen(_crowds())
    for crowd in crowds.values():
        rates = {shape: _attack(site, plan, crowd, shape).seconds for shape in crowd.shapes[: 1 if plan.quick else None]}
        crowd.shape = min(rates, key=lambda shape: rates[shape])
    for _ in range(plan.repeats):
        for crowd in crowds.values():
            crowd.tallies.append(_attack(site, plan, crowd, crowd.shape or crowd.shapes[0]))
    findings = Findings("rush")
    for crowd in crowds.values():
        last = crowd.tallies[-1]
        findings.add(
            crowd.label, [1000 * tally.seconds for tally in crowd.tallies], "ms", crowd.kind, clients=str(crowd.shape),
            attempts=ATTEMPTS, winners=last.done, refused=last.refused, errors=ATTEMPTS - last.done - last.refused,
            p50_ms=round(last.quantile(0.5), 2), p99_ms=round(last.quantile(0.99), 2), **last.counters,
        )  # fmt: skip
    for name, mine in (("rush_vs_serializable", "subject"), ("rush_http_vs_serializable", "http")):
        if {mine, "serializable"} <= crowds.keys():
            findings.relate(name, *([tally.seconds for tally in crowds[key].tallies] for key in (mine, "serializable")))
    findings.remark(f"{ATTEMPTS} attempts on one stay of the only room; the peers' pools have the size that suits them best.")
    return findings


def _crowds() -> dict[str, Crowd]:
    """List who competes, by short names."""
    exclude = "EXCLUDE constraint, INSERT ... ON CONFLICT DO NOTHING"
    return {
        "subject": Crowd(label="Nightledger, command path", shapes=ALL_AT_ONCE, opened=_command_path),
        "http": Crowd(label=f"Nightledger, HTTP, {WEB_PROCESSES} web processes", shapes=ALL_AT_ONCE, opened=_http),
        "serializable": Crowd(
            label="SERIALIZABLE, FOR UPDATE NOWAIT, INSERT", shapes=POOLS, opened=_table(Serializable), kind="peer"
        ),
        "exclude": Crowd(label=exclude, shapes=POOLS, opened=_table(ExcludeInCrowds), kind="peer"),
    }


def _attack(site: Site, plan: Plan, crowd: Crowd, shape: Shape) -> Tally:
    plan.say(f"{ATTEMPTS} attempts at once: {crowd.label}, {shape} callers")
    site.settle()
    with contextmanager(crowd.opened)(site) as load:
        draws = draws_of(1)
        tally = attack(load, shape, ATTEMPTS, SameStay(1, draws.first, before=shape.whole))
    if (tally.done, tally.refused) != (1, ATTEMPTS - 1):
        message = f"{crowd.label}: {tally.done} of {ATTEMPTS} attempts won one stay, {tally.refused} were refused"
        raise NotTrue(message)
    site.forget()
    return tally


def _command_path(site: Site) -> Iterator[Load]:
    yield Ours(site.settings, asyncio.run(open_hotel(site, 1)))


def _http(site: Site) -> Iterator[Load]:
    code = asyncio.run(open_hotel(site, 1))
    with follower(site, code), web(site, OURS, WEB_PROCESSES) as port:
        yield Holds(port, f"/api/v1/properties/{code}/holds")


def _table(kind: type[PlainSql]) -> Callable[[Site], Iterator[Load]]:
    def opened(site: Site) -> Iterator[Load]:
        load = kind.created(site)
        yield load
        found, twice = load.found(site)
        if twice or not found:
            message = f"{kind.__name__}: {found} bookings, {twice} of them overlap"
            raise NotTrue(message)

    return opened
