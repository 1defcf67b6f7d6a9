"""A bench as the command line asks for it: run, kept in a file, shown, written into the docs, checked against the goals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click
from rich.console import Console

from ops.bench import page
from ops.bench.checks import NotTrue
from ops.bench.clients import ClientFailed
from ops.bench.findings import missed
from ops.bench.plan import Plan
from ops.bench.report import show
from ops.bench.result import Result
from ops.bench.run import run
from ops.settings import BadConfiguration, read_settings

DONE, FAILED, TERMINATED = 0, 1, 143


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to do with the findings: where to keep them, whether to check them and to write the page, how to print them."""

    output: Path
    check: bool
    write_docs: bool
    as_json: bool


def measure(names: Sequence[str], plan: Plan, wish: Wish) -> int:
    """Do all of it: the exit code. Raises BadConfiguration."""
    # Asked to end, it ends its servers, too, and takes its directory away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        result = run(read_settings(), names, plan)
    except (ClientFailed, NotTrue) as wrong:
        click.echo(f"nightledger: the measurement is void: {wrong}", err=True)
        return FAILED
    everything = result.beside(wish.output)
    wish.output.write_text(everything.text() + "\n", "utf-8")
    if wish.write_docs:
        _write_docs(everything)
    told = list(result.benches.values())
    if wish.as_json:
        click.echo(result.text())
    else:
        show(told, Console(file=sys.stdout))
    misses = missed(told) if wish.check else []
    for miss in misses:
        click.echo(f"nightledger: {miss}", err=True)
    return FAILED if misses else DONE


def _write_docs(result: Result) -> None:
    """Write the pages and their charts below the present directory. Raises BadConfiguration without matplotlib."""
    try:
        chart, rooms_page = import_module("ops.bench.chart"), import_module("ops.bench.rooms_page")
    except ModuleNotFoundError:
        message = "--write-docs draws with matplotlib, which comes with the development dependencies: make venv"
        raise BadConfiguration(message) from None
    if page.in_order(result):
        chart.draw(page.in_order(result), page.CHART)
        page.write(result, Path())
    if "rooms" in result.benches:
        rooms_page.write(result.benches["rooms"], Path())
