"""A backup is taken while everything works: it holds all that was there when it began, and never half a command."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import psycopg
import pytest

from ops.backup import CLUSTER, DESCRIPTION, KEYS, KEYS_FILE, back_up, describe
from ops.embedded import EmbeddedServerError
from ops.restore import Order, place
from ops.settings import BadConfiguration
from ops.wiring import Wiring
from tests.integration.backup.houses import Server, book, running, settings_of

SECRETS = ("master.key", "seal.key", "postgres.password")


def test_it_holds_the_keys_and_no_secret(house: Server, backup: Path) -> None:
    described = describe(backup)
    assert described.positions == {"ella": len(house.rows())}
    assert described.was_embedded
    secrets = [house.settings.data_dir / name for name in SECRETS]
    texts = [file.read_text().strip().encode() for file in secrets if file.exists()]
    assert len(texts) == 3
    for file in backup.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(text in content for text in texts), file
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert stat.S_IMODE((backup / KEYS / KEYS_FILE).stat().st_mode) == 0o600
    assert "MASTER_KEY and SEAL_KEY" in (backup / "README.txt").read_text()


def test_taken_while_guests_book(house: Server, home: Path) -> None:
    """What is booked meanwhile may be in it or not, but only as a whole and only as the head of the same log."""

    async def busy(wiring: Wiring) -> int:
        done = asyncio.Event()
        booked = 0

        async def sell() -> None:
            nonlocal booked
            while not done.is_set():
                await book(wiring, "Busy Body", days=40 + booked)
                booked += 1

        selling = asyncio.create_task(sell())
        try:
            await back_up(wiring, home / "busy", home / "busy keys")
        finally:
            done.set()
            await selling
        return booked

    assert house.do(busy) > 3
    assert not (home / "busy" / KEYS).exists()
    target = settings_of(home / "from busy")
    old = settings_of(house.settings.data_dir)
    place(Order(backup=home / "busy", keys=home / "busy keys" / KEYS_FILE, erasures=None, old=old, new=target))
    with running(target) as restored:
        rows, names = restored.rows(), restored.names()
    assert rows == house.rows()[: len(rows)]
    assert len(rows) >= describe(home / "busy").positions["ella"]
    assert rows[-1].command_index + 1 == rows[-1].command_count
    readable = house.names()
    assert names == {key: readable[key] for key in names}, "every event in it has its key"
    assert "Busy Body" in names.values()
    print(f"restored {len(rows)} events, {len(names)} bookings, of a backup taken while guests booked")


def test_a_directory_that_is_there_is_not_written_to(house: Server, backup: Path) -> None:
    before = (backup / DESCRIPTION).read_bytes()
    with pytest.raises(BadConfiguration, match=r"backup is there already: give --out a new directory"):
        house.do(lambda wiring: back_up(wiring, backup, None))
    assert (backup / DESCRIPTION).read_bytes() == before


def test_a_role_that_may_not_copy_is_told_so(house: Server, home: Path) -> None:
    url = house.settings.database_url or ""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE poor LOGIN PASSWORD 'poor'")
        connection.execute("GRANT pg_read_all_data TO poor")
    password = (house.settings.data_dir / "postgres.password").read_text()
    poor = Server(house.settings.model_copy(update={
        "database_url": url.replace(f"nightledger:{password}", "poor:poor")
    }))  # fmt: skip
    with pytest.raises(BadConfiguration, match="the role poor may not copy the cluster: run ALTER ROLE poor REPLICATION"):
        poor.do(lambda wiring: back_up(wiring, home / "poor", None))
    assert not (home / "poor").exists()


def test_a_failed_copy_leaves_nothing(house: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = house.settings.database_url.replace("5432", "5433") if house.settings.database_url else ""
    broken = house.settings.model_copy(update={"database_url": wrong})

    async def with_broken_address(wiring: Wiring) -> None:
        monkeypatch.setattr(wiring, "settings", broken)
        await back_up(wiring, home / "failed", None)

    with pytest.raises(EmbeddedServerError, match=r"the base backup failed .*: mend that, then back up again"):
        house.do(with_broken_address)
    assert not list(home.glob("failed*"))
    assert not (home / "failed" / CLUSTER).exists()
