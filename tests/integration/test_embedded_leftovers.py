"""What a killed run leaves behind never blocks the next one, and nothing that is not ours is touched."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from ops.embedded import EmbeddedServerError, attach, embedded_servers
from ops.embedded.binaries import postgres_programs, valkey_program
from ops.embedded.identity import server_identity
from ops.embedded.process import server_environment

ROOT = Path(__file__).parents[2]
RUN = """
import sys, pathlib
from ops.embedded import embedded_servers
with embedded_servers(pathlib.Path(sys.argv[1]), database_url=None, redis_url=None) as servers:
    print(*(server.pid for server in servers.started), servers.database_url, servers.redis_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """End whatever a failed test left below its own directory."""
    yield
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd().startswith(f"{tmp_path}/"):
                process.kill()
    for link in tmp_path.glob("*/sockets"):
        shutil.rmtree(link.readlink(), ignore_errors=True)


@contextlib.contextmanager
def living(*command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that has nothing to do with us while the block runs."""
    with subprocess.Popen(command, env=server_environment(), stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def killed_run(data_dir: Path) -> tuple[int, int, str, str]:
    """Let another process run the servers, write one thing into each, and kill it; returns pids and URLs of the leftovers."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(data_dir)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        postgres_pid, valkey_pid, database_url, redis_url = holder.stdout.readline().split()
        with psycopg.connect(database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        with redis.Redis.from_url(redis_url) as client:
            client.set("kept", 7)
        holder.kill()
    return int(postgres_pid), int(valkey_pid), database_url, redis_url


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(running(pid) for pid in pids))


def running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_computing(watcher: psycopg.Connection, backend_pid: int) -> bool:
    """Tell whether a backend is in the middle of a statement: an idle one notices its postmaster's death by itself."""
    row = watcher.execute(
        "SELECT state = 'active' AND query LIKE '%%generate_series%%' FROM pg_stat_activity WHERE pid = %s", [backend_pid]
    )
    return row.fetchone() == (True,)


def wait_until(happened: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def started_with_everything_kept(data_dir: Path) -> None:
    with embedded_servers(data_dir, database_url=None, redis_url=None) as servers:
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.get("kept") == b"7"
    assert not (data_dir / "sockets").is_symlink()


def test_servers_of_a_killed_run_are_shut_down_and_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    postgres_pid, valkey_pid, _, _ = killed_run(tmp_path / "data")
    assert running(postgres_pid)
    assert running(valkey_pid)
    assert attach(tmp_path / "data") is None
    started_with_everything_kept(tmp_path / "data")
    assert not running(postgres_pid)
    assert not running(valkey_pid)
    said = capsys.readouterr().err
    assert f"PostgreSQL of a killed run is still there (process {postgres_pid}): shutting it down first" in said
    assert f"Valkey of a killed run is still there (process {valkey_pid}): shutting it down first" in said


def test_everything_killed_at_once_recovers(tmp_path: Path) -> None:
    postgres_pid, valkey_pid, _, _ = killed_run(tmp_path / "data")
    kill(postgres_pid, valkey_pid)
    started_with_everything_kept(tmp_path / "data")


def test_a_stale_pid_that_is_a_stranger_by_now_neither_blocks_nor_is_touched(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    postgres_pid, valkey_pid, _, _ = killed_run(data_dir)
    kill(postgres_pid, valkey_pid)
    with living("sleep", "60") as stranger:
        # The cluster's file and the socket's both name a process; PostgreSQL alone would refuse to start over either.
        for stale in (
            data_dir / "postgres" / "postmaster.pid",
            (data_dir / "sockets").readlink() / "pg" / ".s.PGSQL.5432.lock",
        ):
            _, *rest = stale.read_text().splitlines(keepends=True)
            stale.write_text("".join((f"{stranger.pid}\n", *rest)))
        started_with_everything_kept(data_dir)
        assert stranger.poll() is None


def test_a_zombie_postmaster_does_not_block(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    postgres_pid, valkey_pid, _, _ = killed_run(data_dir)
    kill(postgres_pid, valkey_pid)
    with subprocess.Popen(["true"]) as zombie:
        wait_until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE)
        pid_file = data_dir / "postgres" / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join((f"{zombie.pid}\n", *rest)))
        started_with_everything_kept(data_dir)


def test_a_backend_that_still_computes_for_a_killed_postmaster_is_ended(tmp_path: Path) -> None:
    postgres_pid, valkey_pid, database_url, _ = killed_run(tmp_path / "data")
    with contextlib.closing(psycopg.connect(database_url, autocommit=True)) as busy:
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000) AS number WHERE number % 7 = 3")
        backend_pid = busy.info.backend_pid
        with psycopg.connect(database_url, autocommit=True) as watcher:
            wait_until(lambda: is_computing(watcher, backend_pid))
        kill(postgres_pid, valkey_pid)
        assert running(backend_pid)
        started_with_everything_kept(tmp_path / "data")
        assert not running(backend_pid)


def test_a_first_start_killed_in_the_middle_leaves_no_half_cluster(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new-killed"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with embedded_servers(tmp_path, database_url=None, redis_url="redis://theirs") as servers:
        assert [server.alive() for server in servers.started] == [True]
        assert servers.redis_url == "redis://theirs"
    assert not half.exists()


def test_a_server_on_our_cluster_that_we_did_not_start_is_named_and_left_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with embedded_servers(data_dir, database_url=None, redis_url="redis://theirs"):
        pass
    runs_as = server_identity()
    # An abstract socket: nothing of theirs in the file system.
    quiet = ("-c", "listen_addresses=", "-c", f"unix_socket_directories=@nl-test-{os.getpid()}")
    with living(*runs_as.prefix, postgres_programs() / "postgres", "-D", data_dir / "postgres", *quiet) as foreign:
        wait_until((data_dir / "postgres" / "postmaster.pid").exists)
        with (
            pytest.raises(EmbeddedServerError, match="was not started by us: stop it, then start again"),
            embedded_servers(data_dir, database_url=None, redis_url="redis://theirs"),
        ):
            pytest.fail("started beside another server")
        assert foreign.poll() is None


def test_servers_of_another_data_directory_are_left_alone(tmp_path: Path) -> None:
    other_postgres, other_valkey, _, _ = killed_run(tmp_path / "other")
    with embedded_servers(tmp_path / "data", database_url=None, redis_url=None):
        pass
    assert running(other_postgres)
    assert running(other_valkey)
    assert valkey_program().name in psutil.Process(other_valkey).cmdline()[0]
