"""`up` and the processes that it runs: `serve`, `work`, `follow`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress

import click

from ops import logs
from ops.processes import follow as run_followers
from ops.processes import work as run_workers
from ops.serve import run as run_web
from ops.serve import serve as serve_web
from ops.settings import Settings, read_settings
from ops.up import up as run_all


@click.command()
def up() -> None:
    """Start everything and stay in the foreground; Ctrl-C stops it."""
    settings = read_settings()
    logs.configure(settings.log_level)
    sys.exit(run_all(settings, click.echo))


@click.command()
@click.option("--fd", type=int, default=None, help="An inherited listening socket to serve on.")
def serve(fd: int | None) -> None:
    """Serve the web only."""
    settings = read_settings()
    logs.configure(settings.log_level)
    run_web(serve_web(settings, fd))


@click.command()
def work() -> None:
    """Run saga workers and the sweeper."""
    _forever(run_workers)


@click.command()
def follow() -> None:
    """Run the followers that keep the read models up with the log."""
    _forever(run_followers)


def _forever(run: Callable[[Settings], Coroutine[None, None, None]]) -> None:
    settings = read_settings()
    logs.configure(settings.log_level)
    with suppress(KeyboardInterrupt):
        asyncio.run(run(settings))
