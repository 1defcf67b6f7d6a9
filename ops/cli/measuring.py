"""Measurements: `bench`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from ops import logs
from ops.bench.plan import Plan
from ops.cli.running import JSON
from ops.settings import BadConfiguration

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
@click.option("--write-docs", is_flag=True, help="Write the pages in docs/ and their charts from what OUTPUT holds then.")
@JSON
def bench(
    name: str | None, check: bool, repeats: int, seconds: float, quick: bool, only: str, profile: Path | None,
    output: Path, write_docs: bool, as_json: bool,
) -> None:  # fmt: skip
    """Measure side by side with the peers: writes, scale, http, rush, lag, rebuild, rooms, availability; all without a NAME."""
    from ops.bench.asked import Wish, measure  # noqa: PLC0415 - half a second that no other command should wait for

    if only and not name:
        message = "--only chooses among the subjects of one bench: name it, as in `nightledger bench writes --only subject`"
        raise BadConfiguration(message)
    logs.configure("WARNING")
    progress = Console(stderr=True)
    plan = Plan(
        repeats=1 if quick else repeats, seconds=QUICK_SECONDS if quick else seconds, quick=quick,
        only=frozenset(filter(None, only.split(","))), profile=profile,
        say=lambda text: progress.print(text, style="dim", highlight=False),
    )  # fmt: skip
    wish = Wish(output=output, check=check, write_docs=write_docs, as_json=as_json)
    sys.exit(measure([name] if name else [], plan, wish))
