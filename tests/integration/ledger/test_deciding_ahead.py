"""A crowd at two processes: batches are decided while others commit, and some of those lose. The log must be lawful.

That the second decision is why is shown in `unit/ledger/test_deciding_ahead.py`, where chance decides nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from uuid import UUID

import pytest

from commands.cancel_reservation import CancelReservation
from commands.hold_stay import HoldStay, guest_stream
from ledger.command import Command, Outcome
from ledger.ids import holder_stream
from ledger.log import Conflict, Connection
from ledger.writer import Flight, Writer
from tests.examples import ARRIVAL, CODE, hold_stay, named
from tests.inspector import Inspector, Line
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception, envelope

GUESTS = 150


def stay(guest: int) -> HoldStay:
    """Ask for one of many overlapping stays in one of four rooms."""
    arrival = ARRIVAL + timedelta(days=guest % 40)
    return hold_stay(room_type=("villa", "garden")[guest % 2], arrival=arrival, departure=arrival + timedelta(days=2))


async def guest_at(reception: Reception, guest: int, process: int) -> list[Outcome]:
    """Hold, give back, hold again. Guests of a family count their holds in one stream, in this batch or the next."""
    outcomes: list[Outcome] = []
    for turn in range(3):
        command_id = named(f"process {process} guest {guest} turn {turn}")
        holder = holder_stream(CODE, f"process {process} family {guest % 10}")
        asked = envelope(stay(guest), command_id=command_id, holders=((holder, 1000),))
        outcomes.append(await reception.writer.submit(asked))
        give_back: Command = CancelReservation(reservation_id=guest_stream(command_id))
        if outcomes[-1].accepted:
            outcomes.append(await reception.ask(give_back))
    return outcomes


async def crowd(ledger: Ledger) -> list[Outcome]:
    """Let many guests ask two processes at once."""
    async with ledger.receptions(2) as receptions:
        asking = [guest_at(reception, guest, place) for place, reception in enumerate(receptions) for guest in range(GUESTS)]
        return [outcome for outcomes in await asyncio.gather(*asking) for outcome in outcomes]


async def gaps(ledger: Ledger) -> int:
    """Count the events that do not stand one version after the one before them in their stream."""
    versions: dict[UUID, int] = defaultdict(int)
    found = 0
    for row in await ledger.rows():
        found += row.version != versions[row.stream] + 1
        versions[row.stream] = row.version
    return found


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note for each batch that was decided ahead whether the one before it lost."""
    noted: list[bool] = []
    append = Writer._append
    together = Writer._land_and_decide_next

    async def appending(self: Writer, flight: Flight, connection: Connection) -> None:
        try:
            await append(self, flight, connection)
        except Conflict:
            flight.conflicts += 1
            raise

    async def counting(self: Writer, flight: Flight, *connections: Connection) -> Flight:
        following = await together(self, flight, *connections)
        noted.append(flight.conflicts > 0)
        return following

    monkeypatch.setattr(Writer, "_append", appending)
    monkeypatch.setattr(Writer, "_land_and_decide_next", counting)
    return noted


def test_a_crowd_at_two_processes_leaves_a_lawful_log(ledger: Ledger, ahead: list[bool]) -> None:
    async def run() -> None:
        outcomes = await crowd(ledger)
        assert {outcome.code for outcome in outcomes} >= {"", "sold_out"}
        assert await gaps(ledger) == 0
        rows = await ledger.rows()
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        inspector = Inspector()
        for row in rows:
            inspector.read(Line.of(row))

    asyncio.run(run())
    print(f"{len(ahead)} batches were decided ahead, {sum(ahead)} of them on one that lost")
    assert ahead
    assert any(ahead), "nothing was tried that could go wrong"
