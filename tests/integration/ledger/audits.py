"""What the audits of the tests share: a sealed history, its blocks, and how an audit is asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from ledger.seal import SignedBlock
from ledger.seal_key import SealKey
from ledger.sealer import Sealer
from ops.verify import Verdict, audit
from tests.integration.ledger.histories import BOOKING_EVENTS
from tests.integration.ledger.ledgers import Ledger

KEY, THIEF = SealKey(bytes(32)), SealKey(b"\x07" * 32)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
HEAD = 5 * BOOKING_EVENTS
SEALED = 4 * BOOKING_EVENTS


Damage = str | list[str]
"""One statement or several, with `{schema}` in place of the ledger's."""


def harm(ledger: Ledger, damage: Damage) -> None:
    """Damage a ledger."""
    for statement in [damage] if isinstance(damage, str) else damage:
        ledger.damage(statement)


async def _seal(ledger: Ledger, key: SealKey = KEY, limit: int = BOOKING_EVENTS) -> None:
    async with ledger.connection() as connection:
        while await Sealer(ledger.code, key).seal(connection, NOW, limit):
            pass


def seal(ledger: Ledger, key: SealKey = KEY, limit: int = BOOKING_EVENTS) -> None:
    asyncio.run(_seal(ledger, key, limit))


def verified(ledger: Ledger, anchor: SignedBlock | None = None, key: SealKey = KEY) -> Verdict:
    return asyncio.run(audit(ledger.connection, ledger.code, [key.public], anchor, lambda *_: None))


def first(ledger: Ledger, anchor: SignedBlock | None = None) -> tuple[int | None, str]:
    """Give the first position that is wrong, and what is said about it; there must be something."""
    verdict = verified(ledger, anchor)
    assert not verdict.holds
    position = verdict.findings[0].position
    return position, "; ".join(each.what for each in verdict.findings if each.position == position)


def blocks_of(ledger: Ledger) -> list[SignedBlock]:
    async def read() -> list[SignedBlock]:
        async with ledger.connection() as connection:
            return await Sealer(ledger.code, KEY).seals.after(connection, 0, 1000)

    return asyncio.run(read())


def resigned(ledger: Ledger, key: SealKey, *, said_by_thief: bool) -> None:
    """Make the whole seal again with another key, as somebody may who can write every table."""
    for table in ("seals", "seal_tiles", "seal_keys"):
        ledger.damage(f"TRUNCATE {{schema}}.{table}")
    seal(ledger, key)
    if said_by_thief:

        async def claim() -> None:
            async with ledger.connection() as connection:
                seals = Sealer(ledger.code, key).seals
                await seals.keep_key(connection, key.follows(KEY.public.key_id, ledger.code))
                await seals.keep_key(connection, KEY.follows("", ledger.code))

        asyncio.run(claim())
