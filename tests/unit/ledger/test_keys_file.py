"""The keys store's file: what is written is there for everybody at once, or not at all, and nothing stays in its log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.keys_file import KeysFile

PUT = "INSERT INTO mark VALUES (?, 1)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


def marks(path: Path) -> list[str]:
    file = KeysFile(path)
    with file.reading() as connection:
        found = [name for (name,) in connection.execute("SELECT name FROM mark ORDER BY name")]
    file.close()
    return found


def test_a_new_store_is_private_and_empty(path: Path) -> None:
    KeysFile(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert marks(path) == []


def test_a_single_statement_is_there_at_once(path: Path) -> None:
    file = KeysFile(path)
    with file.reading() as connection:
        connection.execute(PUT, ["a"])
        assert marks(path) == ["a"]


def test_a_transaction_is_there_whole_or_not_at_all(path: Path) -> None:
    file = KeysFile(path)
    with file.writing() as connection:
        connection.execute(PUT, ["a"])
        connection.execute(PUT, ["b"])
        assert marks(path) == []
    assert marks(path) == ["a", "b"]
    with pytest.raises(sqlite3.IntegrityError), file.writing() as connection:
        connection.executemany(PUT, [["c"], ["a"]])
    assert marks(path) == ["a", "b"]
    with file.writing() as connection:
        connection.execute(PUT, ["d"])
    assert marks(path) == ["a", "b", "d"]


def test_its_writes_are_durable_and_wipe_what_they_remove(path: Path) -> None:
    with KeysFile(path).reading() as connection:
        said = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")]
    assert said == ["wal", 2, 1], "2 is FULL"


def test_the_log_of_writes_is_emptied_unless_somebody_reads(path: Path) -> None:
    file = KeysFile(path)
    log = path.with_name(path.name + "-wal")
    with file.writing() as connection:
        connection.execute(PUT, ["a"])
    assert log.stat().st_size > 0
    assert file.scrub()
    assert log.stat().st_size == 0
    reader = KeysFile(path)
    with reader.reading() as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM mark").fetchall()
        with file.writing() as connection:
            connection.execute("PRAGMA busy_timeout=1")
            connection.execute(PUT, ["b"])
        assert not file.scrub()
        reading.execute("COMMIT")
    assert file.scrub()


def test_connections_are_used_again_and_let_go(path: Path) -> None:
    file = KeysFile(path)
    with file.reading() as first:
        pass
    with file.reading() as second:
        assert second is first
        with file.reading() as third:
            assert third is not first
    file.close()
    with file.reading() as fresh:
        assert fresh is not first
        assert fresh is not third
