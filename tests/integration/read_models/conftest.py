"""One PostgreSQL and one Valkey for the tests of read models, and a house of its own for each test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import NoReturn

import pytest

from ops.embedded import EmbeddedServerError, Servers, embedded_servers
from tests.integration.read_models.houses import House

numbers = count(1)


@pytest.fixture(scope="session")
def both_servers(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    urls = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    try:
        with embedded_servers(folder, database_url=urls[0], redis_url=urls[1]) as servers:
            yield servers
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")


@pytest.fixture
def house(both_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give an open house without guests, dropped afterwards."""
    made = House(
        f"house_{os.getpid()}_{next(numbers)}",
        both_servers.database_url,
        both_servers.redis_url,
        tmp_path_factory.mktemp("keys"),
    )
    asyncio.run(made.open())
    yield made
    made.sql("DROP SCHEMA {schema} CASCADE")
    made.sql(f"DELETE FROM nightledger.properties WHERE code = '{made.code}'")  # noqa: S608 - our own word
