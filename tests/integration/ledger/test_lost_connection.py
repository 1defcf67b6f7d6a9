"""The connection breaks just before or just after the commit: the caller gets one answer, and it happened once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import psycopg
import pytest
from msgspec.structs import replace

from ledger import writer
from ledger.command import Outcome
from ledger.log import Batch, Connection, Log
from ledger.refusal import Unavailable
from tests.examples import hold_stay, named
from tests.integration.ledger.ledgers import Ledger
from tests.reception import Reception

VILLA = hold_stay(room_type="villa", adults=3)


class Cut(Log):
    """A log whose connection is killed around the next append, so often."""

    url = ""
    before = 0
    after = 0

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        if self.before:
            self.before -= 1
            await self.kill(connection)
        appended = await super().append(connection, batch)
        if self.after:
            self.after -= 1
            await self.kill(connection)
            await connection.execute("SELECT 'the answer is lost on its way'")
        return appended

    async def kill(self, connection: Connection) -> None:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as other:
            await other.execute("SELECT pg_terminate_backend(%s, 2000)", (connection.info.backend_pid,))


def cut(reception: Reception, ledger: Ledger, *, before: int = 0, after: int = 0) -> None:
    log = reception.writer._log
    assert isinstance(log, Cut)
    log.url, log.before, log.after = ledger.url, before, after


@pytest.mark.parametrize(("before", "after"), [(1, 0), (0, 1), (1, 1), (2, 0)])
def test_a_lost_connection_costs_neither_the_booking_nor_a_second_one(ledger: Ledger, before: int, after: int) -> None:
    async def run() -> tuple[Outcome, Outcome]:
        async with ledger.receptions(1, Cut) as (reception,):
            cut(reception, ledger, before=before, after=after)
            answer = await reception.ask(VILLA, command_id=named("hold"))
            return answer, await reception.ask(VILLA, command_id=named("hold"))

    answer, again = asyncio.run(run())
    assert answer.accepted
    assert replace(again, again=False) == replace(answer, again=False)
    rows = asyncio.run(ledger.rows())
    assert [row.position for row in rows if row.command_id == named("hold")] == [3, 4, 5]
    assert answer.position == 5


def test_a_refusal_survives_a_lost_connection_too(ledger: Ledger) -> None:
    async def run() -> tuple[Outcome, Outcome]:
        async with ledger.receptions(1, Cut) as (reception,):
            await reception.ask(VILLA)
            cut(reception, ledger, after=1)
            refused = await reception.ask(VILLA, command_id=named("loser"))
            return refused, await reception.ask(VILLA, command_id=named("loser"))

    refused, again = asyncio.run(run())
    assert refused.code == "sold_out"
    assert replace(again, again=False) == replace(refused, again=False)


def test_a_whole_batch_is_answered_after_its_commit_was_not_acknowledged(ledger: Ledger) -> None:
    async def run() -> list[Outcome]:
        async with ledger.receptions(1, Cut) as (reception,):
            cut(reception, ledger, after=1)
            return await asyncio.gather(*[reception.ask(hold_stay()) for _ in range(5)])

    outcomes = asyncio.run(run())
    assert sorted(outcome.code for outcome in outcomes) == ["", "", "", "sold_out", "sold_out"]
    held = [row for row in asyncio.run(ledger.rows()) if row.topic == "reservation.held.v1"]
    assert len(held) == 3


def test_a_database_that_stays_away_is_unavailable_and_nothing_is_recorded(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.5)

    async def run() -> None:
        async with ledger.receptions(1, Cut) as (reception,):
            cut(reception, ledger, before=10**6)
            with pytest.raises(Unavailable, match="not known whether this was recorded"):
                await reception.ask(VILLA)
            cut(reception, ledger)
            assert (await reception.ask(VILLA)).accepted

    asyncio.run(run())
    assert len(asyncio.run(ledger.rows())) == 5
