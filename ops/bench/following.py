"""Our own follower processes beside a measurement, as `nightledger follow --share K/N` runs them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ops.bench.clients import ClientFailed
from ops.bench.site import Site
from ops.wiring import wired

FOLLOWERS = 2
START_SECONDS = 30.0
LOOK_SECONDS = 0.05


@contextmanager
def follower(site: Site, code: str, *, wanted: bool = True) -> Iterator[None]:
    """Follow all properties while the block runs. Raises ClientFailed when the read models do not come up to the log."""
    if not wanted:
        yield
        return
    us = [sys.executable, "-m", "ops.cli", "follow", "--share"]
    processes = [subprocess.Popen([*us, f"{number}/{FOLLOWERS}"], env=environment(site)) for number in range(1, FOLLOWERS + 1)]
    try:
        asyncio.run(caught_up(site, code))
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def environment(site: Site) -> dict[str, str]:
    """Say to a process of ours where the servers are."""
    settings = site.settings
    return os.environ | {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "HOLDS_PER_ADDRESS": "0",
        "HOLDS_PER_EMAIL": "0",
        "REQUESTS_PER_MINUTE": "0",
        "LOG_LEVEL": "WARNING",
    }


async def caught_up(site: Site, code: str) -> None:
    """Wait until the read models show all that is in the log now. Raises ClientFailed when that takes too long."""
    async with wired(site.settings, connections=2) as wiring:
        positions = wiring.positions(wiring.models(code)).values()
        head = await wiring.streams(code).head()
        for _ in range(round(START_SECONDS / LOOK_SECONDS)):
            if min([await position() for position in positions]) >= head:
                return
            await asyncio.sleep(LOOK_SECONDS)
    message = f"the read models of {code} did not come up to position {head} in {START_SECONDS:.0f} s"
    raise ClientFailed(message)
