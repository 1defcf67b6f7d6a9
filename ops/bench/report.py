"""The table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ops.bench.findings import Findings, goals


def show(all_findings: Sequence[Findings], console: Console) -> None:
    """Print rows, ratios with their goals, and remarks."""
    for findings in all_findings:
        console.print(_rows(findings))
        if findings.ratios:
            console.print(_ratios(findings))
        for remark in findings.remarks:
            console.print(f"  {remark}", style="dim")
        console.print()


def _rows(findings: Findings) -> Table:
    table = Table(title=f"bench {findings.name}", title_justify="left")
    for heading in ("subject", "median", "spread", "unit", "details"):
        table.add_column(heading, justify="right" if heading in {"median", "spread"} else "left")
    for row in findings.rows:
        low, high = row.spread
        details = ", ".join(f"{name} {value}" for name, value in row.details.items() if name != "tried")
        table.add_row(row.subject, number(row.value), f"{number(low)} - {number(high)}", row.unit, details)
    return table


def _ratios(findings: Findings) -> Table:
    wanted = goals()
    table = Table(box=None)
    for heading in ("ratio", "value", "goal", ""):
        table.add_column(heading)
    for name, value in findings.ratios.items():
        goal = wanted.get(name)
        verdict = "" if goal is None else ("met" if goal.is_met(value) else "MISSED")
        table.add_row(name, f"{value:g}", goal.bound if goal else "", verdict)
    return table


def number(value: float) -> str:
    """Write a figure with as many places as it can bear."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"  # noqa: PLR2004 - from here on, places say nothing
