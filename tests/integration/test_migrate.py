"""A schema that is newer than the code: every door says so in one line, and nothing is written."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ops.embedded import embedded_servers
from ops.migrate import SCHEMA_VERSION, migrate, register
from ops.settings import BadConfiguration, Settings
from ops.wiring import wired
from queries.access import Listed
from tests.integration.ledger.databases import database

ROOT = Path(__file__).parents[2]
HOTEL = Listed("kandy", "Asia/Colombo", "USD", scratch=False)
REFUSED = f"schema version {SCHEMA_VERSION + 1}, this release knows {SCHEMA_VERSION}: run the newer release"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_servers(
        tmp_path_factory.mktemp("migrate"), database_url=os.environ.get("DATABASE_URL"), redis_url="redis://127.0.0.1:1"
    ) as servers:
        yield servers.database_url


@pytest.fixture
def migrated(server: str) -> Iterator[str]:
    """Give a database of its own with one property in it, of the present release."""
    with database(server, "migrating") as url:
        asyncio.run(register(url, HOTEL))
        yield url


def make_newer(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE nightledger.schema_version SET version = version + 1")


def everything(url: str) -> list[Any]:
    """Give what stands in the catalogue of the database and in the shared tables."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname ~ '^(nightledger|property_)' ORDER BY 1, 2"
        ).fetchall()
        rows = [
            connection.execute(sql.SQL("SELECT * FROM {} ORDER BY 1").format(sql.Identifier(*table))).fetchall()
            for table in tables
        ]
    return [tables, rows]


def test_the_present_schema_is_left_as_it_is(migrated: str) -> None:
    before = everything(migrated)
    assert asyncio.run(migrate(migrated)) == ["kandy"]
    assert everything(migrated) == before


def test_migrate_and_register_refuse_a_newer_one(migrated: str) -> None:
    make_newer(migrated)
    before = everything(migrated)
    for asked in (migrate(migrated), register(migrated, Listed("galle", "Asia/Colombo", "USD", scratch=False))):
        with pytest.raises(BadConfiguration, match=REFUSED):
            asyncio.run(asked)
    assert everything(migrated) == before


def test_a_process_that_finds_a_newer_one_does_not_start(migrated: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=migrated, redis_url="redis://127.0.0.1:1")

    async def start() -> str:
        async with wired(settings, connections=1):
            return "started"

    assert asyncio.run(start()) == "started"
    make_newer(migrated)
    with pytest.raises(BadConfiguration, match=REFUSED):
        asyncio.run(start())


@pytest.mark.parametrize("command", [["migrate"], ["serve"], ["follow"], ["history", "104/2026-12-24"]])
def test_the_command_line_says_it_in_one_line(migrated: str, tmp_path: Path, command: list[str]) -> None:
    make_newer(migrated)
    before = everything(migrated)
    named = {"DATABASE_URL": migrated, "REDIS_URL": "redis://127.0.0.1:1", "DATA_DIR": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-m", "ops.cli", *command],
        cwd=ROOT, env={**os.environ, **named}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert answer.returncode == 2, answer.stderr
    assert REFUSED in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert everything(migrated) == before


def test_a_server_that_is_away_keeps_nobody_from_starting(migrated: str, tmp_path: Path) -> None:
    """It may be restarting; the writer and the followers are patient with it."""
    away = make_conninfo(migrated, host="127.0.0.1", port=1)

    async def start() -> str:
        settings = Settings(data_dir=tmp_path, database_url=away, redis_url="redis://127.0.0.1:1")
        async with wired(settings, connections=1):
            return "started"

    assert asyncio.run(start()) == "started"
