"""The hotel under everything at once, as in `property/test_hotel.py`, on a real PostgreSQL and with fewer steps."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import count

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from psycopg_pool import AsyncConnectionPool

from ledger.log import Batch, Connection, Log, Row
from tests.integration.ledger.ledgers import Ledger
from tests.property.hotel_machine import HotelMachine, KeptLog, happened
from tests.reception import Reception

numbers = count(1)


class Mirrored(Log):
    """The real log, with what it holds kept at hand by reading its tail after each append."""

    def __init__(self, property_code: str) -> None:
        super().__init__(property_code)
        self.rows: list[Row] = []

    async def append(self, connection: Connection, batch: Batch) -> tuple[int, datetime]:
        appended = await super().append(connection, batch)
        self.rows += await self.tail(connection, len(self.rows), 10_000)
        return appended


def test_a_hotel_on_postgresql_and_its_auditor_agree(database_url: str) -> None:
    class Recorded(HotelMachine):
        def open_reception(self) -> tuple[KeptLog, Reception]:
            self.ledger = Ledger(database_url, f"hotel_{os.getpid()}_{next(numbers)}")
            self.ledger.create()
            self.pool = AsyncConnectionPool[Connection](database_url, min_size=1, open=False, kwargs={"autocommit": True})
            self.runner.run(self.pool.open())
            log = Mirrored(self.ledger.code)
            return log, Reception(log, self.pool)

        def teardown(self) -> None:
            self.runner.run(self.pool.close())
            self.ledger.drop()
            super().teardown()

    happened.clear()
    run_state_machine_as_test(Recorded, settings=settings(max_examples=settings().max_examples // 4))
    print(f"{happened.total()} commands decided on PostgreSQL")
