"""Starts that cannot work: one clear line, exit code 2, and nothing is left running."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ops.free_ports import neighbouring_ports
from tests.installation import ROLES, ROOT, Running

BROKEN_TOML = "[property\ncode = ella"


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a directory with a short path: sockets must fit below it."""
    with tempfile.TemporaryDirectory(prefix="nl-start-") as directory:
        yield Path(directory)


def cannot(home: Path, *arguments: str, **environment: str) -> str:
    """Run a command that must refuse with exit code 2 and one line; give the line."""
    installation = Running(home / "data", **environment)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        cwd=ROOT, env=installation.environment() | environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.strip()]
    print(f"\n{time.monotonic() - begun:.1f} s: {said}")
    assert said[0].startswith("nightledger: "), said
    assert left_over(home) == []
    return "\n".join(said)


def parts(running: Running) -> set[int]:
    """Give the process ids of all parts; backends of PostgreSQL come and go."""
    return {process.pid for role in ROLES for process in running.parts(role)}


def left_over(home: Path) -> list[str]:
    """List the processes that still have something to do with a directory."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(home) in words and process.pid != os.getpid():
            found.append(words)
    return found


@pytest.mark.parametrize(("name", "variable"), [("web", "PORT"), ("sandbox", "SANDBOX_PORT")])
def test_a_busy_port(name: str, variable: str, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = cannot(home, "up", **{variable: port})
    assert f"port {port}" in line
    assert f"{variable}=" in line
    assert line.count("\n") == 0
    assert not (home / "data" / "postgres").exists()


def test_a_data_directory_in_use(running: Running) -> None:
    before = parts(running)
    second = subprocess.run(
        [sys.executable, "-m", "ops.cli", "up"],
        cwd=ROOT, env=running.environment() | dict(zip(("PORT", "SANDBOX_PORT"), map(str, neighbouring_ports(2)), strict=True)),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    print(f"\n{second.stderr}")
    assert second.returncode == 2, second.stdout + second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert str(running.data_dir) in second.stderr
    assert "DATA_DIR" in second.stderr
    assert parts(running) == before
    assert running.is_ready()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), (BROKEN_TOML, "line 1"), ("\0\xff", "line 1"), ("", "property")],
    ids=["missing", "broken", "binary", "empty"],
)
def test_an_unreadable_property_file(content: str | None, says: str, running: Running, home: Path) -> None:
    file = home / "hotel.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    done = running.run("seed", str(file))
    print(f"\n{done.stderr}")
    assert done.returncode == 2, done.stdout + done.stderr
    assert str(file) in done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("part", ["serve", "work", "follow"])
def test_a_part_without_its_database(part: str, home: Path) -> None:
    line = cannot(home, part)
    assert "DATABASE_URL" in line
    assert line.count("\n") == 0


@pytest.mark.parametrize("part", ["serve", "work", "follow"])
def test_a_setting_that_makes_no_sense(part: str, home: Path) -> None:
    line = cannot(home, part, HOLD_TTL_SECONDS="soon", PORT="99999")
    assert "HOLD_TTL_SECONDS" in line
    assert "PORT" in line


def test_a_database_that_does_not_answer(home: Path) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{neighbouring_ports(1)[0]}/none"
    line = cannot(home, "up", DATABASE_URL=nowhere, REDIS_URL=f"redis://127.0.0.1:{neighbouring_ports(1)[0]}")
    assert "database does not answer" in line


@pytest.mark.parametrize("key", ["AAAA", "not base64"])
def test_a_seal_key_of_no_use(home: Path, key: str) -> None:
    """Found at the start, not by the sealer minutes later."""
    port, sandbox_port = neighbouring_ports(2)
    said = cannot(home, "up", PORT=str(port), SANDBOX_PORT=str(sandbox_port), SEAL_KEY=key)
    assert "SEAL_KEY is not usable" in said
