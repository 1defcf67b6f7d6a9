"""Two processes take stays that only fit when others move, at the same moment: nobody ever shares a room.

With the proof that the guard is the unique key of streams, which the nights, and the reservations of those who move, go by.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from commands.hold_stay import HoldStay
from tests.examples import ARRIVAL, hold_stay
from tests.inspector import Inspector, Line
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

ROUNDS, CALLERS = 12, 4
FITTING = 2
"""The third room, and the one that is free once one of the others has moved."""
SPACING = 60
"""Days between the stays of one round and those of the next, so that rounds have nothing to do with each other."""


def stay(number: int, begin: int, nights: int) -> HoldStay:
    """Ask for some nights of a round."""
    arrival = ARRIVAL + timedelta(days=SPACING * number + begin)
    return hold_stay(arrival=arrival, departure=arrival + timedelta(days=nights))


async def rush(receptions: list[Reception], number: int) -> int:
    """Take the early nights of one room and the late ones of another; then let all ask for all four: give how many get them."""
    await receptions[0].ask(stay(number, 0, 2), rooms=("g1",))
    await receptions[0].ask(stay(number, 2, 2), rooms=("g2",))
    asking = [reception.ask(stay(number, 0, 4), rooms=("g3",)) for _ in range(CALLERS) for reception in receptions]
    return sum(outcome.accepted for outcome in await asyncio.gather(*asking))


async def told(ledger: Ledger) -> list[Line]:
    return [Line.of(row) for row in await ledger.rows()]


def test_two_writers_who_move_stays_never_put_two_in_a_room(ledger: Ledger) -> None:
    async def run() -> int:
        async with ledger.receptions(2) as receptions:
            for number in range(ROUNDS):
                assert await rush(receptions, number) == FITTING
        lines = await told(ledger)
        inspector = Inspector()
        for line in lines:
            inspector.read(line)
        return sum(line.topic == "reservation.stay-moved.v1" for line in lines)

    moves = asyncio.run(run())
    print(f"{moves} stays were moved in {ROUNDS} rushes")
    assert moves == ROUNDS


def test_control_without_the_unique_key_two_share_a_room(ledger: Ledger) -> None:
    ledger.damage("ALTER TABLE {schema}.events DROP CONSTRAINT events_stream_version_key")

    async def run() -> list[int]:
        async with ledger.receptions(2) as receptions:
            return [await rush(receptions, number) for number in range(ROUNDS)]

    taken = asyncio.run(run())
    too_many = sum(count > FITTING for count in taken)
    print(f"without the unique key {too_many} of {ROUNDS} rushes took more stays than there are rooms")
    assert max(taken) > FITTING
