"""The page `docs/rooms.md` and its chart, written from what `bench rooms` found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from ops.bench.chart import INK
from ops.bench.findings import Findings
from ops.bench.rooms import DEMANDS
from ops.bench.simulated_year import WAYS

PAGE = Path("docs/rooms.md")
CHART = Path("docs/pictures/rooms.svg")
SHADES = ("#8a8f98", "#c08a3e", "#2a8c82", "#cfd4da")
"""One for each way; read on light and dark pages."""
LEAD = """\
# Rooms that do not run out early

![Room-nights sold in simulated years of Ella Resort, by demand and way of assigning rooms](pictures/rooms.svg)

A stay needs one room for all its nights. When the free nights lie in different rooms, it is refused although every night
has a free room, and those nights stay empty. So a stay gets the free room that leaves the longest free runs elsewhere (*best
fit*); and when no room is free for all of it, stays that were not promised their room change rooms in the same commit
(*reshuffle*). The *bound* takes every stay that finds a free room each night, as if guests changed rooms every morning.
"""
RULES = """\
## What may move, and how far we look

- Never moved: a stay that has arrived or arrives today, one whose room is pinned or that changes rooms on its way, a house
  made of rooms, a block. A stay moves as a whole, for all its nights. No move is better than one, few are better than many.
- When nothing is fixed and any room will do, a way is found exactly when every night has a free room. Else the search looks
  through all plans of up to 4 moves (as long as 24,000 looks into a room suffice: some 0.1 s of computing at most, with 40
  rooms), then sweeps from night to night, forwards and backwards; what both miss is refused, and the refusal says that
  promised rooms stand in the way.
- Guests in house who stay on keep their room, and so do those who were promised it: whoever comes next moves. When nobody can,
  the refusal to guests in house names the rooms that are free for the further nights.
- Several stays of one hold take what is free, one after the other; when that does not do, a room is searched for all of a type
  at the same time. For a house made of rooms, whoever has one of its rooms moves to another of the same type (not when one
  hold asks for such houses on different dates). Rooms that must be joined by inner doors are only given when the first rooms
  found are joined.
- `near:` names a reservation by its id. Who is not known, has left or gave all rooms up has no effect on a preference, and a
  promise to be near them is refused; of somebody unknown the refusal says so (`wish.near_unknown`).
- First the 14 nights before and the 28 after the stay are read; who reaches beyond them counts as fixed. When that does not
  suffice, all nights that can be booked are read, so that nobody reaches beyond: up to 40,000 room-nights, which is all of
  them for 27 rooms of a type. Of a type of more than 40 rooms, the 40 with most free nights are looked at.
- An ordinary hold reads nothing more than before: all this begins when no single room is free.
- Rooms that are taken off the market (`nightledger room block`) make their guests move in the same way.
- A room that is off the market on a night is so by day, too, on the same date: it is not sold for day use, and who has it by
  day is named until they have left; a night that is set aside for a group leaves the day before it free.

`tests/property/test_reshuffle.py` and `test_certain_rooms.py` compare it with an oracle that tries everything, on small hotels
drawn by chance.
"""


def write(findings: Findings, root: Path) -> None:
    """Write the page and its chart below `root`."""
    (root / CHART).parent.mkdir(parents=True, exist_ok=True)
    _draw(findings, root / CHART)
    (root / PAGE).write_text("\n".join(_lines(findings)), "utf-8")


def _lines(findings: Findings) -> Iterator[str]:
    yield LEAD
    quick = " **A quick look: one year only.**" if findings.quick else ""
    yield f"Written by `nightledger bench rooms --write-docs` on {findings.measured_at[:10]}.{quick}\n"
    yield "| demand, of capacity | " + " | ".join(WAYS) + " | reshuffle over bound | points above best fit |"
    yield "|---:" * (len(WAYS) + 3) + "|"
    for demand in DEMANDS:
        sold = " | ".join(f"{_row(findings, way, demand):.1f} %" for way in WAYS)
        ratio, points = (findings.ratios[f"rooms_{what}_{demand}"] for what in ("vs_bound", "points_above_best_fit"))
        yield f"| {demand} | {sold} | {100 * ratio:.1f} % | {points:+.2f} |"
    yield ""
    for row in findings.rows:
        if row.details:
            told = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in row.details.items())
            yield f"- {row.subject}: {told}."
    for remark in findings.remarks:
        yield f"- {remark}"
    yield ""
    yield RULES


def _row(findings: Findings, way: str, demand: float) -> float:
    return next(row.value for row in findings.rows if row.subject == f"{way}, demand {demand}")


def _draw(findings: Findings, path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "nightledger", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        axis = figure.subplots()
        width = 0.8 / len(WAYS)
        for place, (way, shade) in enumerate(zip(WAYS, SHADES, strict=True)):
            values = [_row(findings, way, demand) for demand in DEMANDS]
            left = [group - 0.4 + width * (place + 0.5) for group in range(len(DEMANDS))]
            bars = axis.bar(left, values, width=width * 0.9, color=shade, label=way)
            axis.bar_label(bars, fmt="%.1f", color=INK, padding=2)
        lowest = min(row.value for row in findings.rows)
        axis.set_ylim(max(0, lowest - 5), max(row.value for row in findings.rows) + 2)
        axis.set_xticks(range(len(DEMANDS)), [f"{demand:.0%} of capacity asked for" for demand in DEMANDS])
        axis.set_ylabel("% of room-nights sold (axis does not begin at 0)", color=INK)
        axis.tick_params(colors=INK, length=0)
        axis.grid(visible=True, axis="y", color=INK, alpha=0.25, linewidth=0.6)
        axis.set_axisbelow(True)
        axis.legend(frameon=False, labelcolor=INK, ncols=len(WAYS), loc="upper left")
        axis.spines[:].set_visible(False)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
