"""`up` and the processes that it runs: `serve`, `work`, `follow`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial

import click

from ops import logs
from ops.follow import Share
from ops.processes import follow as run_followers
from ops.processes import work as run_workers
from ops.serve import run as run_loop
from ops.serve import serve as serve_web
from ops.settings import Settings, read_settings
from ops.up import up as run_all


def _share(_: click.Context, __: click.Parameter, text: str) -> Share:
    number, _slash, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        message = f"{text!r} is not K/N with K from 1 to N, such as 1/2"
        raise click.BadParameter(message)
    return Share(int(number), int(of))


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
    run_loop(serve_web(settings, fd))


@click.command()
def work() -> None:
    """Run saga workers and the sweeper."""
    _forever(run_workers)


@click.command()
@click.option(
    "--share", default="1/1", show_default=True, metavar="K/N", callback=_share,
    help="Be the Kth of N such processes: each leads a part of the read models and takes the others over when they stop.",
)  # fmt: skip
def follow(share: Share) -> None:
    """Run the followers that keep the read models up with the log."""
    _forever(partial(run_followers, share=share))


def _forever(run: Callable[[Settings], Coroutine[None, None, None]]) -> None:
    settings = read_settings()
    logs.configure(settings.log_level)
    with suppress(KeyboardInterrupt):
        run_loop(run(settings))
