"""Where a command does its work: on the named servers, on those of a running `up`, or on ones started for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from ops import logs
from ops.embedded import attach, embedded_servers
from ops.migrate import migrate
from ops.settings import Settings, read_settings
from ops.up import CLOCK
from ops.wiring import Wiring, wired

T = TypeVar("T")
Work = Callable[[Wiring], Awaitable[T]]
FAILED, BAD_USAGE = 1, 2
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
PROPERTY = click.option("--property", "property_code", default="ella", show_default=True, help="Which property.")


def on_servers(work: Work[T]) -> T:
    """Do work on the servers that the environment names, on those of a running `up`, or on ones started for it."""
    settings = read_settings()
    logs.configure("WARNING")

    async def run(at: Settings) -> T:
        await migrate(at.database_url or "")
        async with wired(at, connections=4) as wiring:
            return await work(wiring)

    if settings.database_url and settings.redis_url:
        return asyncio.run(run(settings))
    running = attach(settings.data_dir)
    if running is not None:
        return asyncio.run(run(_at(settings, running.database_url, running.redis_url)))
    with embedded_servers(settings.data_dir, database_url=settings.database_url, redis_url=settings.redis_url) as started:
        return asyncio.run(run(_at(settings, started.database_url, started.redis_url)))


def _at(settings: Settings, database_url: str, redis_url: str) -> Settings:
    """Give the settings for the servers of a data directory: beside a sandbox, its clock is everybody's, as in `up`."""
    clock = settings.clock_file or (None if settings.stripe_api_key else settings.data_dir.expanduser() / CLOCK)
    return settings.model_copy(update={"database_url": database_url, "redis_url": redis_url, "clock_file": clock})


def show(answer: object, as_json: bool, text: str) -> None:
    """Print an answer, as JSON when that was asked for."""
    click.echo(json.dumps(answer, default=str, indent=2) if as_json else text)
