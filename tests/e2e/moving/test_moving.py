"""From server to server on the command line, as the runbooks say it: export and import, backup and restore, Parquet."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.installation import Running

SECRETS = ("master.key", "seal.key", "guest-keys.sqlite")
ARRIVAL = datetime.now(UTC).date() + timedelta(days=60)
HOLD = (
    "hold", "--room-type", "garden-room", "--rate-plan", "flexible",
    "--arrival", ARRIVAL.isoformat(), "--departure", (ARRIVAL + timedelta(days=2)).isoformat(),
    "--name", "Nimali Perera", "--email", "nimali@example.com", "--id", "5b0a7c7e-3f0e-4a7e-9a3e-1d5a8f7c2b11",
)  # fmt: skip


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a directory for the servers' data and for what goes between them."""
    folder = Path(tempfile.mkdtemp(prefix="nl-moving-"))
    yield folder
    shutil.rmtree(folder)


def done(ran: CompletedProcess[str]) -> str:
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def old(home: Path) -> Running:
    """Give a server with a property and a booking; nothing of it runs between commands."""
    server = Running(home / "old")
    done(server.run("seed", "ops/properties/ella.toml"))
    return server


@pytest.fixture(scope="module")
def booked(old: Running) -> str:
    """Give what the guest was told."""
    return done(old.run(*HOLD))


def test_a_property_moves_to_another_server(home: Path, old: Running, booked: str) -> None:
    file = home / "ella.jsonl"
    said = json.loads(done(old.run("export", "--out", str(file), "--json")))
    assert said["events"] == said["last_position"] > 4
    new = Running(home / "new")
    new.data_dir.mkdir(mode=0o700)
    for name in SECRETS:
        if (old.data_dir / name).exists():
            shutil.copy(old.data_dir / name, new.data_dir / name)
    assert f"ella: {said['events']} events" in done(new.run("import", str(file), "--property", "ella"))
    again = home / "again.jsonl"
    done(new.run("export", "--out", str(again)))
    assert again.read_bytes() == file.read_bytes()
    assert done(new.run(*HOLD)) == booked, "the same command id has the same answer"
    twice = new.run("import", str(file))
    assert twice.returncode == 2
    assert "the ledger of ella is not empty, it ends at position" in twice.stderr
    assert "Traceback" not in twice.stderr


def test_a_backup_is_restored(home: Path, old: Running, booked: str) -> None:
    backup = json.loads(done(old.run("backup", "--out", str(home / "backup"), "--json")))
    assert Path(backup["keys"]) == home / "backup" / "keys"
    restored = Running(home / "restored")
    said = done(old.run("restore", str(home / "backup"), "--data-dir", str(restored.data_dir)))
    assert "in epoch 2" in said
    found = done(restored.run("guest", "find", "nimali@example.com"))
    assert "Nimali Perera" in found
    assert json.loads(booked)["confirmation_code"] in found


def test_parquet_is_written(home: Path, old: Running, booked: str) -> None:
    file = home / "ella.parquet"
    done(old.run("export", "--format", "parquet", "--out", str(file)))
    assert file.read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["export", "--property", "galle"], 2, "there is no property 'galle' here"),
        (["export", "--until", "900000"], 2, "--until 900000 is not in the log of ella: its last position is"),
        (["export", "--json"], 2, "--json and --format parquet need a file of their own: add --out FILE"),
        (["export", "--format", "parquet", "--decoded", "--out", "x"], 2, "--decoded is for JSON lines"),
        (["export", "--out", "/nowhere/at/all/x.jsonl"], 2, "cannot be written (No such file or directory)"),
        (["import", "/nowhere.jsonl"], 2, "/nowhere.jsonl cannot be read (No such file or directory)"),
        (["import", "README.md"], 1, "line 1 is not the header of an exported log"),
        (["restore", "docs", "--data-dir", "x", "--no-erasures"], 2, "docs is no finished backup"),
    ],
)  # fmt: skip
def test_bad_usage_is_one_clear_line(old: Running, booked: str, arguments: list[str], code: int, said: str) -> None:
    ran = old.run(*arguments)
    complaint = [line for line in ran.stderr.splitlines() if line.startswith("nightledger: ")]
    assert (ran.returncode, len(complaint)) == (code, 1), ran.stderr
    assert said in complaint[0]
    assert "Traceback" not in ran.stderr
