"""The network is cut between a commit and its acknowledgement: the recorded command id answers, and it happened once."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from commands.dispatch import HANDLERS
from ledger.command import Outcome
from ledger.log import Connection, Log
from ledger.schema import schema_name
from ledger.writer import Writer
from tests.examples import hold_stay
from tests.integration.ledger.ledgers import Ledger
from tests.integration.ledger.wire import wire
from tests.reception import CATALOGUE, OPEN, envelope


@pytest.mark.parametrize("guests", [1, 5, 100])
def test_a_commit_that_nobody_heard_of_is_found_again(ledger: Ledger, guests: int) -> None:
    last = sql.SQL("SELECT coalesce(max(position), 0) FROM {}.events").format(sql.Identifier(schema_name(ledger.code)))

    def head(connection: psycopg.Connection[tuple[int]]) -> int:
        row = connection.execute(last).fetchone()
        assert row
        return row[0]

    async def run() -> tuple[list[Outcome], int]:
        async with wire(ledger.url, head) as cut:
            pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
                cut.url, min_size=1, max_size=2, open=False, num_workers=1, kwargs={"autocommit": True}
            )
            async with pool:
                writer = Writer(Log(ledger.code), pool, CATALOGUE, HANDLERS)
                await writer.submit(envelope(OPEN))
                cut.arm()
                asking = [writer.submit(envelope(hold_stay())) for _ in range(guests)]
                return await asyncio.gather(*asking), cut.cuts

    outcomes, cuts = asyncio.run(run())
    assert cuts == 1
    rows = asyncio.run(ledger.rows())
    held = {row.command_id: row for row in rows if row.topic == "reservation.held.v1"}
    accepted = [outcome for outcome in outcomes if outcome.accepted]
    assert len(held) == len(accepted) == min(guests, 3)
    assert sorted(outcome.position - 2 for outcome in accepted) == sorted(row.position for row in held.values())
    assert any(outcome.again for outcome in outcomes), "nobody's answer came from the record"
