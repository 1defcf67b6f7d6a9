"""What is running, which versions, how far behind, what is wrong and how to mend it."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import version

from ops.serve import readiness
from ops.wiring import Wiring

LEAST_FREE_BYTES = 1_000_000_000


async def examine(wiring: Wiring) -> tuple[dict[str, str], bool]:
    """Look at everything: (part → state, whether something is wrong)."""
    parts = {"nightledger": f"ok, {version('nightledger')} on Python {platform.python_version()}"}
    async with wiring.pool.connection() as connection:
        row = await (
            await connection.execute("SELECT version(), current_setting('fsync'), current_setting('synchronous_commit')")
        ).fetchone()
    if row is not None:
        server, fsync, synchronous = row
        durable = (fsync, synchronous) != ("off", "off") and fsync == "on" and synchronous != "off"
        state = "ok" if durable else "NOT DURABLE: set fsync and synchronous_commit to on"
        parts["durability"] = f"{state}, {' '.join(server.split()[:2])}"
    redis = await wiring.redis.info()
    parts["redis server"] = f"ok, {redis.get('server_name', 'redis')} {redis.get('valkey_version', redis.get('redis_version'))}"
    free = shutil.disk_usage(wiring.settings.data_dir if wiring.settings.data_dir.exists() else ".").free
    parts["disk"] = f"{'ok' if free > LEAST_FREE_BYTES else 'NEARLY FULL: make room'}, {free // 1_000_000_000} GB free"
    parts |= await readiness(wiring)
    return parts, any(not state.startswith("ok") for state in parts.values())
