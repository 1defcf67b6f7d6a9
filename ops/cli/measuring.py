"""Measurements: `bench`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click
from rich.console import Console

from ops import logs
from ops.bench import page
from ops.bench.checks import NotTrue
from ops.bench.clients import ClientFailed
from ops.bench.findings import missed
from ops.bench.plan import Plan
from ops.bench.report import show
from ops.bench.result import Result
from ops.bench.run import run
from ops.cli.running import FAILED, JSON
from ops.settings import BadConfiguration, read_settings

RESULT = Path("bench.json")
QUICK_SECONDS = 0.5


@click.command()
@click.argument("name", required=False)
@click.option("--check", is_flag=True, help="Exit 1 and name each ratio that misses its goal.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1, 100), help="Rounds of each subject.")
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(0.1, 600), help="Measured time of one run.")
@click.option("--quick", is_flag=True, help="A look that takes seconds: small, one round; no figure to tell anybody.")
@click.option("--only", default="", help="Some subjects of a bench, by name, separated by commas.")
@click.option("--profile", type=click.Path(path_type=Path), help="Profile one of our client processes into this file (pstats).")
@click.option("--output", default=RESULT, show_default=True, type=click.Path(path_type=Path), help="Where the result goes.")
@click.option("--write-docs", is_flag=True, help="Write docs/performance.md and its chart from what OUTPUT holds then.")
@JSON
def bench(
    name: str | None, check: bool, repeats: int, seconds: float, quick: bool, only: str, profile: Path | None,
    output: Path, write_docs: bool, as_json: bool,
) -> None:  # fmt: skip
    """Measure side by side with the peers: writes, scale, http, rush, lag, rebuild; all without a NAME."""
    logs.configure("WARNING")
    progress = Console(stderr=True)
    plan = Plan(
        repeats=1 if quick else repeats, seconds=QUICK_SECONDS if quick else seconds, quick=quick,
        only=frozenset(filter(None, only.split(","))), profile=profile,
        say=lambda text: progress.print(text, style="dim", highlight=False),
    )  # fmt: skip
    try:
        result = run(read_settings(), [name] if name else [], plan)
    except (ClientFailed, NotTrue) as wrong:
        click.echo(f"nightledger: the measurement is void: {wrong}", err=True)
        sys.exit(FAILED)
    everything = result.beside(output)
    output.write_text(everything.text() + "\n", "utf-8")
    if write_docs:
        _write_docs(everything)
    if as_json:
        click.echo(result.text())
    else:
        show(list(result.benches.values()), Console())
    misses = missed(list(result.benches.values())) if check else []
    for miss in misses:
        click.echo(f"nightledger: {miss}", err=True)
    if misses:
        sys.exit(FAILED)


def _write_docs(result: Result) -> None:
    """Write the page and its chart below the present directory. Raises BadConfiguration without matplotlib."""
    try:
        chart = import_module("ops.bench.chart")
    except ModuleNotFoundError:
        message = "--write-docs draws with matplotlib, which comes with the development dependencies: make venv"
        raise BadConfiguration(message) from None
    chart.draw(page.in_order(result), page.CHART)
    page.write(result, Path())
