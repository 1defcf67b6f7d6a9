"""A restored backup is the house as it was, in a new epoch, and nobody who was erased since comes back with it."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis

from ledger.erasures import list_beside
from ledger.seal_key import SealKey
from ops import restore as restoring
from ops.backup import CLUSTER, DESCRIPTION, KEYS, KEYS_FILE, describe
from ops.embedded import EmbeddedServerError
from ops.restore import Order, newest_erasures, place, refresh
from ops.settings import BadConfiguration
from ops.wiring import Wiring, keys_path
from tests.integration.backup.houses import GONE, STAYS, Server, running, sealed, settings_of


def ordered(house: Server, backup: Path, target: Path, erasures: Path | None) -> Order:
    """Order a restore with the secrets of the old house."""
    return Order(
        backup=backup, keys=backup / KEYS / KEYS_FILE, erasures=erasures, old=settings_of(house.settings.data_dir),
        new=settings_of(target),
    )  # fmt: skip


def wrapped_keys(store: Path, key_id: UUID) -> list[bytes]:
    """Give both of a guest's keys as a store holds them."""
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT profile, fiscal FROM guest WHERE key_id = ?", [key_id.bytes]).fetchall()
    return [wrapped for row in rows for wrapped in row if wrapped is not None]


def holders(folder: Path, wanted: bytes) -> list[str]:
    """Name the files below a folder that hold these bytes."""
    return [file.name for file in folder.rglob("*") if file.is_file() and wanted in file.read_bytes()]


@pytest.fixture(scope="module")
def gone(house: Server, backup: Path) -> UUID:
    """Erase one guest after the backup; give the id of the keys."""
    key_id = next(key_id for key_id, name in house.names().items() if name == GONE)
    assert len(wrapped_keys(backup / KEYS / KEYS_FILE, key_id)) == 2
    house.erase(key_id)
    assert list(house.names().values())[:2] == [None, STAYS]
    return key_id


def test_who_was_erased_since_stays_erased(house: Server, backup: Path, home: Path, gone: UUID) -> None:
    erasures = newest_erasures(settings_of(house.settings.data_dir), None, nobody=False)
    assert erasures == list_beside(keys_path(house.settings))
    target = home / "restored"
    assert place(ordered(house, backup, target, erasures)) == 2
    old_keys = wrapped_keys(backup / KEYS / KEYS_FILE, gone)
    for wrapped in old_keys:
        assert holders(backup, wrapped) == [KEYS_FILE], "the searcher does find it where it is"
        assert holders(target, wrapped) == [], "before any server has been started"
    state = asyncio.run(refresh(settings_of(target), lambda *_: None))
    rows = house.rows()[: describe(backup).positions["ella"]]
    assert state == {"ella": {"epoch": 2, "position": len(rows)}}
    with running(settings_of(target)) as restored:
        assert list(restored.names().values()) == [None, STAYS]
        assert restored.rows() == rows
        newest = restored.do(sealed)
        assert (newest.number, newest.epoch, newest.tree_size) == (2, 2, len(rows)), "sealed by the restore already"
        assert restored.do(caught_up) == dict.fromkeys(restored.do(caught_up), len(rows))
    assert holders(target, GONE.encode()) == []


async def caught_up(wiring: Wiring) -> dict[str, int]:
    """Say where the read models stand."""
    return {name: await position() for name, position in wiring.positions(wiring.models("ella")).items()}


def test_with_another_seal_key_it_says_what_to_do(
    house: Server, backup: Path, home: Path, gone: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    target = home / "other key"
    place(ordered(house, backup, target, None))
    asyncio.run(refresh(settings_of(target, seal_key=SealKey.generate()), lambda *_: None))
    assert re.search(
        r"the new epoch of ella is not sealed: .*nightledger seal-key rotate --from [0-9a-f]{32}", capsys.readouterr().err
    )


def test_what_a_given_redis_knows_of_later_is_forgotten(house: Server, backup: Path, home: Path) -> None:
    target = home / "given redis"
    place(ordered(house, backup, target, None))
    redis = Redis.from_url(house.settings.redis_url or "")
    redis.set("{ella}:availability.v2:live", 7)
    redis.set("{ella}:availability.v2:7:position", 999_999)
    settings = settings_of(target, redis_url=house.settings.redis_url)
    head = asyncio.run(refresh(settings, lambda *_: None))["ella"]["position"]
    live = int(redis.get("{ella}:availability.v2:live") or 1)
    assert redis.get(f"{{ella}}:availability.v2:{live}:position") == str(head).encode()
    assert redis.get("{ella}:availability.v2:7:position") is None
    redis.close()


def test_control_without_the_list_the_erased_guest_is_back(house: Server, backup: Path, home: Path, gone: UUID) -> None:
    target = home / "careless"
    assert place(ordered(house, backup, target, None)) == 0
    assert wrapped_keys(target / KEYS_FILE, gone) == wrapped_keys(backup / KEYS / KEYS_FILE, gone)
    with running(settings_of(target)) as restored:
        assert list(restored.names().values()) == [GONE, STAYS]


def test_a_directory_in_use_is_not_touched(house: Server, backup: Path) -> None:
    before = sorted(each.name for each in house.settings.data_dir.iterdir())
    with pytest.raises(BadConfiguration, match=r"old is not empty: give --data-dir a new directory"):
        place(ordered(house, backup, house.settings.data_dir, None))
    assert sorted(each.name for each in house.settings.data_dir.iterdir()) == before


def test_without_a_list_somebody_must_say_that_nobody_was_erased(tmp_path: Path) -> None:
    nowhere = settings_of(tmp_path / "nowhere")
    with pytest.raises(BadConfiguration, match=r"nobody knows who was erased .*--erasures .*or --no-erasures"):
        newest_erasures(nowhere, None, nobody=False)
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(BadConfiguration, match="is not a file: give --erasures"):
        newest_erasures(nowhere, tmp_path / "lost", nobody=False)
    assert newest_erasures(nowhere, None, nobody=True) is None


def test_without_the_master_key_nothing_is_begun(house: Server, backup: Path, home: Path) -> None:
    order = Order(
        backup=backup, keys=backup / KEYS / KEYS_FILE, erasures=None, old=settings_of(home / "nowhere"),
        new=settings_of(home / "keyless"),
    )  # fmt: skip
    with pytest.raises(BadConfiguration, match=r"MASTER_KEY is not set and .*nowhere has no master\.key"):
        place(order)
    assert not (home / "keyless").exists()


def test_without_the_keys_nothing_is_begun(house: Server, backup: Path, home: Path) -> None:
    order = replace(ordered(house, backup, home / "nameless", None), keys=home / "no keys")
    with pytest.raises(BadConfiguration, match="no keys is not a file: give --keys"):
        place(order)
    assert not (home / "nameless").exists()


def test_a_restore_that_fails_leaves_no_secret_and_can_be_done_again(
    house: Server, backup: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = home / "second try"
    with monkeypatch.context() as patched:
        patched.setattr(restoring, "NEW_EPOCH", "UPDATE nowhere SET epoch = 2")
        with pytest.raises(EmbeddedServerError, match="does not come up"):
            place(ordered(house, backup, target, None))
    assert {each.name for each in target.iterdir()} <= {"lock", "log"}
    assert place(ordered(house, backup, target, None)) == 0
    assert (target / "postgres").is_dir()


def damaged(backup: Path, home: Path, what: str) -> Path:
    """Copy the backup and damage the copy."""
    copy = home / what
    shutil.copytree(backup, copy)
    described = copy / DESCRIPTION
    if what == "unfinished":
        described.unlink()
    elif what == "newer":
        described.write_text(described.read_text().replace('"schema_version": ', '"schema_version": 9'))
    elif what == "cut":
        described.write_text(described.read_text()[:-30])
    else:
        file = next((copy / CLUSTER / "base").rglob("1259"))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    return copy


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("unfinished", "unfinished is no finished backup .*name a directory that was backed up to"),
        ("cut", "cut is no finished backup"),
        ("newer", r"newer has schema version 9\d+, this release knows \d+: restore with release"),
        ("flipped", r"the backup .*flipped/cluster is damaged .*1259.*: take another one"),
    ],
)
def test_a_bad_backup_is_told_in_one_line(house: Server, backup: Path, home: Path, what: str, said: str) -> None:
    with pytest.raises((BadConfiguration, EmbeddedServerError), match=said) as caught:
        place(ordered(house, damaged(backup, home, what), home / f"from {what}", None))
    assert "\n" not in str(caught.value)
    assert not (home / f"from {what}").exists()
