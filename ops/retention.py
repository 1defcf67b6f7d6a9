"""Forgets recorded outcomes whose time is over: once an hour beside the followers, off the write path, or when asked."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import psycopg
from psycopg_pool import PoolTimeout

from ledger.log import Log
from ledger.outcomes import Outcomes
from ops.cancelling import heed_cancellation
from ops.wiring import Wiring

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 3600.0


async def forget_outcomes(wiring: Wiring, *, dry_run: bool = False) -> dict[str, int]:
    """Forget, or only count, the outcomes older than OUTCOME_DAYS by the database's clock: property → how many."""
    counts: dict[str, int] = {}
    for listed in await wiring.access.properties():
        outcomes = Outcomes(listed.code)
        async with wiring.pool.connection() as connection:
            _, _, now = await Log(listed.code).stand(connection)
            end = now - timedelta(days=wiring.settings.outcome_days)
            counts[listed.code] = (
                (await outcomes.older(connection, end))[0] if dry_run else await outcomes.forget(connection, end)
            )
    return counts


async def forget_always(wiring: Wiring) -> None:
    """Forget once an hour until cancelled; several processes may do so at once."""
    while True:
        heed_cancellation()
        try:
            await forget_outcomes(wiring)
        except (psycopg.Error, PoolTimeout) as gone:
            logger.warning("old outcomes could not be forgotten, next try in an hour: %s", type(gone).__name__)
        await asyncio.sleep(PAUSE_SECONDS)
