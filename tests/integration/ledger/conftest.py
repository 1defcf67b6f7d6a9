"""One PostgreSQL for the tests of the ledger, and a new empty ledger in it for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from ops.embedded import EmbeddedServerError, embedded_servers
from tests.integration.ledger.audits import seal
from tests.integration.ledger.histories import History
from tests.integration.ledger.ledgers import Ledger

numbers = count(1)


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[str]:
    """Give the address of a server: the one that DATABASE_URL names, or one of our own for this run."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    try:
        running = embedded_servers(folder, database_url=os.environ.get("DATABASE_URL"), redis_url="redis://not-needed")
        with running as servers:
            yield servers.database_url
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL ({failure})")


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """Give an empty ledger of its own, dropped afterwards."""
    made = Ledger(database_url, f"test_{os.getpid()}_{next(numbers)}")
    made.create()
    yield made
    made.drop()


@pytest.fixture
def history(ledger: Ledger) -> History:
    """Give a ledger of five bookings, of which four are sealed, a block each."""
    made = History(ledger)
    made.happens(4)
    seal(ledger)
    made.happens()
    return made
