"""The two background processes: followers with the sealer, and workers with sweeper and purge. Both end in order on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress

from ops.follow import Share
from ops.follow import follow as follow_all
from ops.purge import purge_always
from ops.retention import forget_always
from ops.sealing import seal_all
from ops.secrets import seal_key
from ops.settings import Settings
from ops.wiring import wired
from ops.workers import THREADS, Worker, broker_at, hints

STAND_BY_PERIODS = 2
"""The first follower seals; the second does it when nobody has for so many times `SEAL_SECONDS`, the third after twice that."""


async def follow(settings: Settings, share: Share) -> None:
    """Keep the read models up with the log, seal it, and forget old outcomes, until a signal."""
    key = seal_key(settings)
    stand_by = (share.number - 1) * STAND_BY_PERIODS * settings.seal_seconds

    async def all_three() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_all(wiring, hints(broker_at(settings.redis_url or "")), share), name="follow")
            tasks.create_task(seal_all(wiring, key, stand_by), name="seal")
            tasks.create_task(forget_always(wiring), name="forget outcomes")

    async with wired(settings, connections=8) as wiring:
        await _until_signal(all_three())


async def work(settings: Settings) -> None:
    """Take saga steps, and destroy fiscal keys that nobody needs, until a signal."""

    async def both() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Worker(wiring, broker_at(settings.redis_url or "")).run(), name="work")
            tasks.create_task(purge_always(wiring), name="purge")

    async with wired(settings, connections=THREADS) as wiring:
        await _until_signal(both())


async def _until_signal(running: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(running)
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
