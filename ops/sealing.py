"""Seals every property's log every few seconds, in the process of the followers; says how old the unsealed tail is.

A log that cannot be sealed stops alone, says where and why, and is tried again; nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import logging

from prometheus_client import Gauge

from ledger.log import Log
from ledger.seal import UnknownBlockVersion
from ledger.seal_key import SealKey
from ledger.seal_tables import Seals
from ledger.sealer import CannotSeal, Sealer
from ops.cancelling import heed_cancellation
from ops.wiring import Wiring

logger = logging.getLogger(__name__)

LATE_PERIODS, LATE_SECONDS = 3, 30
"""An unsealed event older than so many periods and so many seconds means that nobody seals."""
UNSEALED_SECONDS = Gauge(
    "nightledger_unsealed_seconds",
    "Age of the oldest event that is not sealed yet",
    ["property"],
    multiprocess_mode="mostrecent",
)
SEALING_STOPPED = Gauge(
    "nightledger_sealing_stopped", "1 while a log cannot be sealed", ["property"], multiprocess_mode="mostrecent"
)


async def seal_all(wiring: Wiring, key: SealKey, stand_by_seconds: float = 0.0) -> None:
    """Seal all properties, new ones too, until cancelled; a block at most every `SEAL_SECONDS` while it keeps up.

    Who stands by for another sealer leaves alone what is not older than `stand_by_seconds`.
    """
    while True:
        heed_cancellation()
        try:
            codes = [listed.code for listed in await wiring.access.properties()]
        except Exception as gone:  # noqa: BLE001 - the database may be restarting; it is asked again
            logger.warning("the list of properties cannot be read: %s", type(gone).__name__)
            codes = []
        for code in codes:
            await _seal_or_tell(wiring, code, key, stand_by_seconds)
        await asyncio.sleep(wiring.settings.seal_seconds)


async def seal_tail(wiring: Wiring, property_code: str, key: SealKey) -> int:
    """Seal everything that is not sealed yet; give the number of blocks. Raises CannotSeal."""
    sealer = Sealer(property_code, key)
    blocks = 0
    async with wiring.pool.connection() as connection:
        while await sealer.seal(connection, wiring.clock.now()):
            blocks += 1
    return blocks


async def _seal_or_tell(wiring: Wiring, property_code: str, key: SealKey, stand_by_seconds: float) -> None:
    try:
        if not stand_by_seconds or await unsealed_seconds(wiring, property_code) > stand_by_seconds:
            await seal_tail(wiring, property_code, key)
        SEALING_STOPPED.labels(property_code).set(0)
    except (CannotSeal, UnknownBlockVersion) as broken:
        SEALING_STOPPED.labels(property_code).set(1)
        logger.error("the log of %s is not sealed any more: %s", property_code, broken)  # noqa: TRY400 - the message says it all
    except Exception as gone:  # noqa: BLE001 - the database may be restarting; it is tried again
        logger.warning("the log of %s could not be sealed just now: %s", property_code, type(gone).__name__)
    try:
        UNSEALED_SECONDS.labels(property_code).set(await unsealed_seconds(wiring, property_code))
    except Exception as gone:  # noqa: BLE001 - the same
        logger.warning("the age of the unsealed tail of %s is unknown: %s", property_code, type(gone).__name__)


async def unsealed_seconds(wiring: Wiring, property_code: str) -> float:
    """Give the age of the oldest unsealed event; 0 when all are sealed."""
    async with wiring.pool.connection() as connection:
        last = await Seals(property_code).last(connection)
        return await Log(property_code).age(connection, last.block.tree_size + 1 if last else 1)


async def sealing_state(wiring: Wiring, property_code: str) -> str:
    """Say for the doctor how far the log is sealed, by which key, and what is wrong: its end is gone, or its tail too old."""
    async with wiring.pool.connection() as connection:
        last = await Seals(property_code).last(connection)
        head, _ = await Log(property_code).head(connection)
    seconds = await unsealed_seconds(wiring, property_code)
    state = "ok"
    if last and last.block.tree_size > head:
        state = f"CUT: the log ends at position {head}, behind what was sealed; see nightledger verify"
    elif seconds > LATE_PERIODS * wiring.settings.seal_seconds + LATE_SECONDS:
        state = "NOT SEALED: is nightledger follow running? Its log says what stops it"
    place = f"position {last.block.tree_size} by the key {last.block.key_id}" if last else "nothing yet"
    return f"{state}, sealed: {place}, the oldest unsealed event is {seconds:.0f} s old"
