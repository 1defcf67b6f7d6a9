"""One house for the tests of backups, on embedded servers of its own, and one backup in which both its guests can be read."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from ops.backup import back_up
from ops.embedded import EmbeddedServerError
from ops.migrate import migrate
from ops.seeding import seed
from ops.up import DEMO
from tests.integration.backup.houses import GONE, STAYS, Server, book, running, sealed, settings_of


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a directory for data directories and backups; they are large, so nothing of it is left."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def house(home: Path, missing: Callable[[str], NoReturn]) -> Iterator[Server]:
    """Give a running house with two guests."""
    try:
        with running(settings_of(home / "old")) as server:
            asyncio.run(migrate(server.settings.database_url or ""))
            server.do(lambda wiring: seed(wiring, DEMO))
            for name in (GONE, STAYS):
                server.do(partial(book, name=name))
            server.do(sealed)
            yield server
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL ({failure})")


@pytest.fixture(scope="session")
def backup(house: Server, home: Path) -> Path:
    """Give a backup in which both guests can be read."""
    target, _ = house.do(lambda wiring: back_up(wiring, home / "backup", None))
    return target
