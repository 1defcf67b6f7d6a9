"""The chart of a result: one panel a bench, bars with whiskers from the lowest to the highest repeat, in one SVG file.

Its colours read on light and dark pages. The same figures give the same file, so that a change of it is a change of figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ops.bench.findings import Findings, Row

COLOURS = {"ours": "#2a8c82", "peer": "#c08a3e", "floor": "#8a8f98"}
INK = "#7d838c"
WIDTH, ROW_HEIGHT, PANEL_HEIGHT = 9.0, 0.3, 0.75
"""Inches."""


def draw(all_findings: Sequence[Findings], path: Path) -> None:
    """Write the chart to `path`, an SVG file."""
    panels = [(findings.name, unit, rows) for findings in all_findings for unit, rows in _by_unit(findings)]
    heights = [PANEL_HEIGHT + ROW_HEIGHT * len(rows) for _, _, rows in panels]
    with mpl.rc_context({"svg.hashsalt": "nightledger", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        axes = figure.subplots(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axis, (name, unit, rows) in zip(axes, panels, strict=True):
            _panel(axis, f"{name}: {unit}", rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})


def _by_unit(findings: Findings) -> list[tuple[str, list[Row]]]:
    units = dict.fromkeys(row.unit for row in findings.rows)
    return [(unit, [row for row in findings.rows if row.unit == unit]) for unit in units]


def _panel(axis: Axes, title: str, rows: Sequence[Row]) -> None:
    places = range(len(rows))
    values = [row.value for row in rows]
    below = [row.value - row.spread[0] for row in rows]
    above = [row.spread[1] - row.value for row in rows]
    axis.barh(
        places, values, height=0.62, color=[COLOURS[row.kind] for row in rows], xerr=[below, above],
        error_kw={"ecolor": INK, "capsize": 3, "elinewidth": 1},
    )  # fmt: skip
    axis.set_title(title, loc="left", color=INK, fontsize=10, fontweight="bold")
    axis.set_yticks(places, [row.subject.strip() for row in rows])
    axis.invert_yaxis()
    for place, row in zip(places, rows, strict=True):
        axis.annotate(
            f"{row.value:,.0f}", (row.spread[1], place), xytext=(6, 0), textcoords="offset points", va="center", color=INK
        )
    axis.margins(x=0.12)
    axis.tick_params(colors=INK, length=0)
    axis.grid(visible=True, axis="x", color=INK, alpha=0.25, linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right", "bottom", "left"):
        axis.spines[side].set_visible(False)
