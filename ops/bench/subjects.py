"""The subjects of the write measurements: each opens its tables afresh, runs for a while, and checks what it wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ledger.clock import Clock, local_date
from ops.bench.callers import Shape, Tally
from ops.bench.checks import batch_size, read_back, require
from ops.bench.clients import measure
from ops.bench.draws import Draws
from ops.bench.findings import Kind
from ops.bench.floor import pgbench
from ops.bench.following import follower
from ops.bench.hotel import ZONE
from ops.bench.ours import Ours, open_hotel
from ops.bench.plain_sql import Exclude, PlainSql, Serializable
from ops.bench.site import Site
from ops.bench.stock import Stock

ROOMS = 2000


def draws_of(rooms: int) -> Draws:
    """Give the draws that every subject gets, from tomorrow at the hotel on."""
    return Draws(rooms, local_date(Clock().now(), ZONE) + timedelta(days=1))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A way to book. `shapes` are the client counts it may choose from; `run` measures one fresh run."""

    name: str
    label: str
    shapes: tuple[Shape, ...]
    kind: Kind = "peer"
    run: Callable[[Site, Shape, float, Path | None], Tally]


def peers() -> list[Subject]:
    """List what people would use otherwise, and the floor."""
    plain = tuple(Shape(*shape) for shape in ((2, 4), (2, 8), (2, 16), (2, 32), (4, 8)))
    few = tuple(Shape(*shape) for shape in ((1, 4), (2, 2), (2, 4), (2, 8)))
    return [
        Subject(name="exclude", label="EXCLUDE constraint, one INSERT", shapes=plain, run=_plain(Exclude)),
        Subject(
            name="serializable", label="SERIALIZABLE, FOR UPDATE NOWAIT, INSERT", shapes=plain[:3], run=_plain(Serializable)
        ),
        Subject(name="stock", label="stock eventsourcing application", shapes=few, run=_stock),
        Subject(
            name="pgbench", label="pgbench, one short row a transaction (floor)", shapes=plain[1:4], kind="floor", run=_floor
        ),
    ]


def ours() -> list[Subject]:
    """List our own ways: the two client counts of the goals, and with the real read model's suggestion."""
    eight, many = (Shape(2, 8),), (Shape(1, 64), Shape(2, 64))
    return [
        Subject(name="subject", label="Nightledger", shapes=eight, kind="ours", run=_ours("draw")),
        Subject(name="subject64", label="Nightledger, 64 callers a process", shapes=many, kind="ours", run=_ours("draw")),
        Subject(
            name="suggested", label="Nightledger, room suggested by Redis", shapes=eight, kind="ours", run=_ours("read model")
        ),
    ]


def _plain(kind: type[PlainSql]) -> Callable[[Site, Shape, float, Path | None], Tally]:
    def run(site: Site, shape: Shape, seconds: float, profile: Path | None) -> Tally:
        load = kind.created(site)
        tally = measure(load, shape, seconds, draws_of(ROOMS), profile)
        found, twice = load.found(site)
        require(acknowledged=len(tally.acknowledged), found=found, twice=twice, subject=kind.__name__)
        return tally

    return run


def _stock(site: Site, shape: Shape, seconds: float, profile: Path | None) -> Tally:
    load = Stock.created(site)
    tally = measure(load, shape, seconds, draws_of(ROOMS), profile)
    found, twice = load.found(site)
    require(acknowledged=len(tally.acknowledged), found=found, twice=twice, subject="the stock application")
    return tally


def _floor(site: Site, shape: Shape, seconds: float, _: Path | None) -> Tally:
    whole = max(1, round(seconds))
    return Tally(0, whole, done=round(pgbench(site, shape, whole) * whole))


def _ours(suggested: str) -> Callable[[Site, Shape, float, Path | None], Tally]:
    def run(site: Site, shape: Shape, seconds: float, profile: Path | None) -> Tally:
        code = asyncio.run(open_hotel(site, ROOMS))
        draws = draws_of(ROOMS)
        with follower(site, code, wanted=suggested == "read model"):
            tally = measure(Ours(site.settings, code, suggested), shape, seconds, draws, profile)
        tally.counters["bookings a commit"] = round(batch_size(site, code, tally.acknowledged), 1)
        tally.counters["read back"] = asyncio.run(read_back(site, code, tally.acknowledged, draws))
        return tally

    return run
