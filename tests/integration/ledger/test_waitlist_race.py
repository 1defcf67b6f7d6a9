"""Two workers offer the one villa, while guests grab it: never two holders, and whoever came first is offered it first."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from commands.join_waitlist import JoinWaitlist
from commands.offer_waitlist import OfferWaitlist
from ledger.log import Row
from tests.examples import ARRIVAL, GUEST, hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

REPEATS, WORKERS, RIVALS = 20, 3, 4


def nights(repeat: int) -> dict[str, Any]:
    """Give each repeat two nights that no other one wants."""
    arrival = ARRIVAL + timedelta(days=2 * repeat)
    return {"arrival": arrival, "departure": arrival + timedelta(days=2)}


async def waits(reception: Reception, repeat: int) -> UUID:
    joined = await reception.ask(JoinWaitlist(room_type="villa", rate_plan="flexible", guest=GUEST, **nights(repeat)))
    return UUID(joined.or_raise().answer["entry_id"])


async def race(receptions: list[Reception], repeat: int) -> list[UUID]:
    """Let two wait, then offer and grab at once in both processes; give who waits, first come first."""
    entries = [await waits(receptions[0], repeat), await waits(receptions[1], repeat)]
    offers = [reception.ask(OfferWaitlist()) for _ in range(WORKERS) for reception in receptions]
    grabs = [reception.ask(hold_stay(room_type="villa", **nights(repeat))) for _ in range(RIVALS) for reception in receptions]
    crowd = [*grabs, *offers] if repeat % 2 else [*offers, *grabs]
    await asyncio.gather(*crowd)
    return entries


def held_twice(rows: list[Row]) -> int:
    """Count the room-nights that were held by more than one."""
    held = Counter(row.stream for row in rows if row.topic == "room-night.hold-requested.v1")
    return sum(times > 1 for times in held.values())


def test_one_villa_has_one_holder_and_who_came_first_is_offered_it(ledger: Ledger) -> None:
    async def run() -> tuple[set[UUID], set[UUID], list[Row]]:
        first: set[UUID] = set()
        async with ledger.receptions(2) as receptions:
            for repeat in range(REPEATS):
                first.add((await race(receptions, repeat))[0])
        rows = await ledger.rows()
        offered = {UUID(msgspec.json.decode(row.payload)["entry_id"]) for row in rows if row.topic == "waitlist.offered.v1"}
        return first, offered, rows

    first, offered, rows = asyncio.run(run())
    print(f"{len(offered)} of {REPEATS} villas went to the waitlist, the others to guests who were quicker")
    assert held_twice(rows) == 0
    assert offered
    assert offered <= first


def test_control_without_the_unique_key_a_villa_is_offered_and_sold(ledger: Ledger) -> None:
    ledger.damage("ALTER TABLE {schema}.events DROP CONSTRAINT events_stream_version_key")

    async def run() -> int:
        async with ledger.receptions(2) as receptions:
            for repeat in range(REPEATS):
                await race(receptions, repeat)
        return held_twice(await ledger.rows())

    twice = asyncio.run(run())
    print(f"without the unique key {twice} room-nights were held twice")
    assert twice > 0
