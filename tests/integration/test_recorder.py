"""The library's own test cases for recorders, on our recorder and a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase
from psycopg_pool import ConnectionPool

from ledger.clock import Clock
from ledger.recorder import Recorder
from ledger.schema import creation
from ops.embedded import embedded_servers


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with embedded_servers(
        tmp_path_factory.mktemp("recorder"), database_url=os.environ.get("DATABASE_URL"), redis_url="unused"
    ) as servers:
        TestApplicationRecorder.database_url = servers.database_url
        yield


class TestApplicationRecorder(ApplicationRecorderTestCase[Recorder]):
    database_url: ClassVar[str]
    pools: list[ConnectionPool[Any]]

    def setUp(self) -> None:
        super().setUp()
        self.pools = []

    def tearDown(self) -> None:
        for pool in self.pools:
            pool.close()
        super().tearDown()

    def new_originator_id(self) -> UUID:
        return uuid4()

    def create_recorder(self) -> Recorder:
        code = f"recorder_{uuid4().hex[:12]}"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            for statement in creation(code):
                connection.execute(statement)
        pool: ConnectionPool[Any] = ConnectionPool(self.database_url, max_size=8, kwargs={"autocommit": True}, open=True)
        self.pools.append(pool)
        return Recorder(code, pool, Clock())
