"""A batch decided while another commits stands on what that one will have changed; when that one loses, it is decided again."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from aggregates.room_night import RoomNight
from ledger.ids import holder_stream, room_night_stream
from ledger.log import Batch, Conflict, Connection
from ledger.waiting import LARGEST_BATCH
from ledger.writer import Flight, Writer
from tests.examples import ARRIVAL, CODE, HELD_UNTIL, NOW, hold_stay, named
from tests.memory_log import MemoryLog
from tests.reception import CATALOGUE, OPEN, Reception, envelope

FAMILY = holder_stream(CODE, "family")


class Beaten(MemoryLog):
    """A log in which another process takes the first night, just before the first full batch arrives."""

    is_beaten = False

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, Any]:
        if len(batch.commands) == LARGEST_BATCH and not self.is_beaten:
            self.is_beaten = True
            taken = RoomNight.HoldRequested(
                room="v1", stay_date=ARRIVAL, stay_id=named("other"), reservation_id=named("other"), held_until=HELD_UNTIL
            )
            night = room_night_stream(CODE, "v1", ARRIVAL)
            other = Batch(
                events=[(night, 1, taken.topic, CATALOGUE.encode(taken), 1, 0)],
                commands=[(named("other"), 1, NOW, None, None, "test", None)],
                outcomes=[(bytes(16), 1, b'{"accepted":true}')],
            )
            await super().append(connection, other)
        return await super().append(connection, batch)


def family_books(log: MemoryLog) -> Counter[str]:
    """Let one family ask for many single nights in the only villa at once: two full batches, counted in one stream."""

    async def run() -> Counter[str]:
        reception = Reception.in_memory(log)
        await reception.ask(OPEN)
        stays = [ARRIVAL + timedelta(days=day) for day in range(2 * LARGEST_BATCH)]
        asked = [
            envelope(
                hold_stay(room_type="villa", arrival=day, departure=day + timedelta(days=1)), holders=((FAMILY, 1000),)
            )
            for day in stays
        ]  # fmt: skip
        outcomes = await asyncio.gather(*[reception.writer.submit(each) for each in asked])
        return Counter(outcome.code or "accepted" for outcome in outcomes)

    return asyncio.run(run())


def counted(log: MemoryLog) -> list[int]:
    """Give the versions of the stream in which the family's holds are counted."""
    return [row.version for row in log.rows if row.stream == FAMILY]


def test_what_an_earlier_batch_changes_counts_in_the_next() -> None:
    log = MemoryLog(CODE)
    assert family_books(log) == {"accepted": 2 * LARGEST_BATCH}
    assert counted(log) == list(range(1, 2 * LARGEST_BATCH + 1))
    assert log.conflicts == 0


def test_after_a_loss_both_are_decided_again() -> None:
    log = Beaten(CODE)
    assert family_books(log) == {"accepted": 2 * LARGEST_BATCH - 1, "sold_out": 1}
    assert counted(log) == list(range(1, 2 * LARGEST_BATCH))
    assert log.conflicts == 1


def test_control_going_on_after_a_loss_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def careless(self: Writer, flight: Flight, connection: Connection, beside: Connection) -> Flight:
        batch = self._take()
        following = await self._decide(beside, batch, flight.changed)
        try:
            await self._append(flight, connection)
        except Conflict:
            await self._append_under_lock(flight, connection)
        return following

    monkeypatch.setattr(Writer, "_land_and_decide_next", careless)
    log = Beaten(CODE)
    family_books(log)
    assert LARGEST_BATCH not in counted(log), "the version that the lost hold would have had is missing"
    assert LARGEST_BATCH + 1 in counted(log)
