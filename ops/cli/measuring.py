"""Measurements: `bench`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from ops import logs
from ops.bench.checks import NotTrue
from ops.bench.clients import ClientFailed
from ops.bench.findings import missed
from ops.bench.plan import Plan
from ops.bench.report import show
from ops.bench.run import as_json as written
from ops.bench.run import run
from ops.cli.running import FAILED, JSON
from ops.settings import read_settings

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
@JSON
def bench(
    name: str | None, check: bool, repeats: int, seconds: float, quick: bool, only: str, profile: Path | None,
    output: Path, as_json: bool,
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
        told = run(read_settings(), [name] if name else [], plan)
    except (ClientFailed, NotTrue) as wrong:
        click.echo(f"nightledger: the measurement is void: {wrong}", err=True)
        sys.exit(FAILED)
    output.write_text(written(told) + "\n", "utf-8")
    if as_json:
        click.echo(written(told))
    else:
        show(told["benches"], Console())
    misses = missed(told["benches"]) if check else []
    for miss in misses:
        click.echo(f"nightledger: {miss}", err=True)
    if misses:
        sys.exit(FAILED)
