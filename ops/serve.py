"""One web process: the application on a socket that the supervisor lends, or on its own port."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine
from contextlib import suppress

import psycopg
import uvicorn
import uvloop
from fastapi import FastAPI
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from ledger.unreadable import Unreadable
from ops.collecting import collect_rarely
from ops.settings import Settings
from ops.wiring import Wiring, wired
from web.app import create_app
from web.house import Desk
from web.problems import unavailable

CONNECTIONS = 16
LONGEST_LAG_SECONDS = 15
"""A read model that has left an event waiting for longer is told to whoever watches."""


def run(serving: Coroutine[None, None, None]) -> None:
    """Run a web process to its end, on the faster loop, and without looking for cyclic garbage all the time."""
    collect_rarely()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def serve(settings: Settings, descriptor: int | None) -> None:
    """Serve until a signal."""
    if descriptor is not None:
        answer_at_once(descriptor)
    async with wired(settings, connections=CONNECTIONS) as wiring:
        app = create_app(wiring.house(lambda: readiness(wiring)))
        for gone in (psycopg.OperationalError, PoolTimeout, RedisError):
            app.add_exception_handler(gone, unavailable)
        server = server_of(app, settings, descriptor)
        app.state.is_leaving = lambda: server.should_exit  # whoever listens for ever would keep it from ending
        await server.serve()


def server_of(app: FastAPI, settings: Settings, descriptor: int | None) -> uvicorn.Server:
    """Put an application into a web server with the settings of ours."""
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, fd=descriptor, log_config=None, access_log=False,
        proxy_headers=True, forwarded_allow_ips=settings.trusted_proxies, server_header=False,
        timeout_graceful_shutdown=5, backlog=2048,
    )  # fmt: skip
    return uvicorn.Server(config)


def answer_at_once(descriptor: int) -> None:
    """Have connections of an inherited socket send small answers at once.

    The server sets this only where it opened the socket itself; without it every answer on a kept connection waits 40 ms.
    """
    with socket.socket(fileno=os.dup(descriptor)) as listening:
        if listening.family in {socket.AF_INET, socket.AF_INET6}:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def readiness(wiring: Wiring) -> dict[str, str]:
    """Look at database, migrations, Redis and lag: each "ok …" or what is wrong and what to do."""
    parts: dict[str, str] = {}
    listed = []
    try:
        async with asyncio.timeout(2):
            listed = await wiring.access.properties()
        parts["database"] = "ok"
        parts["properties"] = f"ok, {len(listed)} open" if listed else "none is open: run nightledger seed FILE"
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        parts["database"] = "the schema is missing: run nightledger migrate"
    except (TimeoutError, psycopg.Error) as gone:
        parts["database"] = f"does not answer ({type(gone).__name__}): look at the database server"
    try:
        async with asyncio.timeout(2):
            await wiring.redis.ping()
        parts["redis"] = "ok"
    except (TimeoutError, RedisError, OSError) as gone:
        parts["redis"] = f"does not answer ({type(gone).__name__}): bookings go on, slower; look at the Redis server"
    if all(state.startswith("ok") for state in parts.values()):
        with suppress(psycopg.Error, RedisError):
            parts |= await _lags(wiring, [each.code for each in listed if not each.scratch])
    return parts


async def _lags(wiring: Wiring, codes: list[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for code in codes:
        desk = await wiring.desk(code)
        for name, lag in (await desk.progress.lags()).items() if desk else ():
            behind = f"{lag.events} events and {lag.seconds:.0f} s behind"
            late = f"{behind}: look at the log of `nightledger follow`"
            parts[f"{code}.{name}"] = late if lag.seconds > LONGEST_LAG_SECONDS else f"ok, {behind}"
            if lag.events and desk:
                parts[f"{code}.{name}"] += await _obstacle(desk, lag.position)
    return parts


async def _obstacle(desk: Desk, position: int) -> str:
    """Say which event a read model cannot get past, if that is why it is behind. The site itself goes on without it."""
    try:
        await desk.streams.after(position, 1)
    except Unreadable as wrong:
        return f", stopped after position {position}: {wrong}"
    return ""
