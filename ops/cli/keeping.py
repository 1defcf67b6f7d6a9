"""Keeping readers and answers in order: read models made again, old answers forgotten."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from ops import rebuild as rebuilding
from ops.cli.running import FAILED, JSON, PROPERTY, on_servers, show
from ops.read_models import NAMES
from ops.retention import forget_outcomes
from ops.settings import BadConfiguration
from ops.wiring import Wiring

TELL_SECONDS = 2.0


@click.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="All read models.")
@click.option("--dry-run", is_flag=True, help="Compare only; exit 1 when something differs.")
@click.option("--prune", is_flag=True, help="Only forget the generations that are not live.")
@PROPERTY
@JSON
def rebuild(name: str | None, every: bool, dry_run: bool, prune: bool, property_code: str, as_json: bool) -> None:
    """Make read models again from the log, beside the live ones, compare, and switch."""
    if every == bool(name):
        message = f"name one of {', '.join(NAMES)}, or say --all"
        raise BadConfiguration(message)
    names = NAMES if every else (name or "",)

    async def forget(wiring: Wiring) -> None:
        for each in names:
            await rebuilding.model_named(wiring, property_code, each).prune()

    async def do(wiring: Wiring) -> list[rebuilding.Rebuilt]:
        with progress(names, quiet=as_json) as report:
            return [await rebuilding.rebuild(wiring, property_code, each, report, dry_run=dry_run) for each in names]

    if prune:
        on_servers(forget)
        show({"pruned": list(names)}, as_json, f"only the live generation is left of {', '.join(names)}")
        return
    done = on_servers(do)
    show([vars(each) for each in done], as_json, "\n".join(_line(each, dry_run=dry_run) for each in done))
    if any(each.differences if dry_run else not each.switched for each in done):
        sys.exit(FAILED)


@click.command("purge-outcomes")
@click.option("--dry-run", is_flag=True, help="Count only.")
@JSON
def purge_outcomes(dry_run: bool, as_json: bool) -> None:
    """Forget the answers to requests of more than OUTCOME_DAYS ago; the followers' process does so every hour."""
    counts = on_servers(lambda wiring: forget_outcomes(wiring, dry_run=dry_run))
    verb = "would be forgotten" if dry_run else "forgotten"
    lines = [f"{code}: {count:,} outcomes {verb}" for code, count in counts.items()]
    show(counts, as_json, "\n".join(lines) or "no property is open yet")


def _line(done: rebuilding.Rebuilt, *, dry_run: bool) -> str:
    some = f" ({', '.join(done.differences[:5])})" if done.differences else ""
    end = ", switched" if done.switched else "" if dry_run else ", NOT SWITCHED: it stayed behind the live one, try again"
    return f"{done.name}: {done.events} events, {len(done.differences)} differences{some}{end}"


@contextmanager
def progress(names: Sequence[str], *, quiet: bool) -> Iterator[rebuilding.Report]:
    """Give what reports: bars with rate and time left on a terminal, a plain line now and then elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal or quiet:
        yield _Lines(silent=quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        tasks = {each: bar.add_task(each, total=None) for each in names}
        yield lambda model, done, whole: bar.update(tasks[model], completed=done, total=whole)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} events/s")


class _Lines:
    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._began: dict[str, float] = {}
        self._next = 0.0

    def __call__(self, model: str, done: int, whole: int) -> None:
        now = time.monotonic()
        began = self._began.setdefault(model, now)
        if self._silent or now < self._next or now == began:
            return
        self._next = now + TELL_SECONDS
        rate = done / (now - began)
        click.echo(f"{model}: {done:,} of {whole:,} events, {rate:,.0f}/s, {(whole - done) / rate:.0f} s left", err=True)
