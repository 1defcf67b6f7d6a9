"""What is running, which versions, how far behind, what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
import platform
import shutil
from importlib.metadata import version

from ops.sealing import sealing_state
from ops.serve import readiness
from ops.wiring import Wiring

LEAST_FREE_BYTES = 1_000_000_000
PATIENT_TRIES = 3
"""Tries of an erasure that may fail before somebody should look; a vendor may be away for a moment."""


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
    parts["guests' keys"] = await asyncio.to_thread(_keys, wiring)
    for listed in await wiring.access.properties():
        if not listed.scratch:
            parts[f"{listed.code}.seal"] = await sealing_state(wiring, listed.code)
            parts[f"{listed.code}.payments"] = await _payments(wiring, listed.code)
            parts[f"{listed.code}.erasures"] = await _erasures(wiring, listed.code)
    return parts, any(not state.startswith("ok") for state in parts.values())


async def _payments(wiring: Wiring, property_code: str) -> str:
    """Count the payments that only a person can put right: money lost before capture, refunds that failed."""
    model = wiring.models(property_code).reservations.model
    async with wiring.pool.connection() as connection:
        found = await connection.execute(
            model.statement(
                "SELECT reservation_id FROM {schema}.reservations WHERE generation = %s"
                """ AND document @? '$.payments[*] ? (@.state == "lost" || @.state == "refund_failed")' LIMIT 10"""
            ),
            [await model.live(connection)],
        )
        stuck = [str(reservation_id) for (reservation_id,) in await found.fetchall()]
    return f"A PERSON MUST ACT on {', '.join(stuck)}: see nightledger history ID" if stuck else "ok, none needs a person"


def _keys(wiring: Wiring) -> str:
    """Count guests' keys, and say whether the master key opens them."""
    found = wiring.keys.census(wiring.clock.now().date())
    counted = f"{found.guests} kept, {found.guests - found.profiles} destroyed, {found.fiscals_due} fiscal due for destruction"
    if not found.opens:
        return f"LOCKED: set the MASTER_KEY {found.master} that this keys store was made with ({counted})"
    if found.foreign:
        return f"{found.foreign} ARE UNDER ANOTHER MASTER KEY: run nightledger keys rotate ({counted})"
    return f"ok, {counted}"


async def _erasures(wiring: Wiring, property_code: str) -> str:
    """Count the guests who are to be forgotten and are not yet by everybody."""
    model = wiring.models(property_code).due.model
    async with wiring.pool.connection() as connection:
        found = await connection.execute(
            model.statement("SELECT count(*), max(tries) FROM {schema}.due WHERE generation = %s AND rule = 'forgetting'"),
            [await model.live(connection)],
        )
        row = await found.fetchone()
    unfinished, tries = row or (0, 0)
    if unfinished and tries and tries > PATIENT_TRIES:
        return f"{unfinished} UNFINISHED after {tries} tries: look at the log of nightledger work"
    return f"ok, {unfinished} unfinished"
