"""The embedded servers themselves: data stays through stop and kill -9, two runs do not meet, others can attach."""

import contextlib
import json
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from ops.embedded import EmbeddedServerError, Postgres, Servers, Valkey, attach, embedded_servers


@contextlib.contextmanager
def running(data_dir: Path) -> Iterator[Servers]:
    with embedded_servers(data_dir, database_url=None, redis_url=None) as servers:
        yield servers


def started(servers: Servers) -> tuple[Postgres, Valkey]:
    postgres, valkey = servers.started
    assert isinstance(postgres, Postgres)
    assert isinstance(valkey, Valkey)
    return postgres, valkey


def kill_while_writing(pid: int | None, write: Callable[[], None], acknowledged: list[int]) -> None:
    """Kill a server after some hundred acknowledged writes, while the next is on its way."""
    assert pid is not None
    writer = threading.Thread(target=write)
    writer.start()
    deadline = time.monotonic() + 20
    while len(acknowledged) < 200 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    writer.join(20)
    assert not writer.is_alive()
    assert len(acknowledged) >= 200


def setting(servers: Servers, name: str) -> str:
    with psycopg.connect(servers.database_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_stopped_and_started_again_everything_is_there(tmp_path: Path) -> None:
    with running(tmp_path) as servers, psycopg.connect(servers.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        redis.Redis.from_url(servers.redis_url).set("kept", 7)
        connection.commit()
        postgres, valkey = started(servers)
        pids = (postgres.pid, valkey.pid)
        assert None not in pids
    assert (postgres.pid, valkey.pid) == (None, None)
    assert not postgres.alive()
    assert not valkey.alive()
    with running(tmp_path) as servers, psycopg.connect(servers.database_url) as connection:
        assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"7"


def test_settings_are_durable_private_and_ours(tmp_path: Path) -> None:
    with running(tmp_path) as servers:
        expected = {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "max_connections": "100",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }
        assert {name: setting(servers, name) for name in expected} == expected
        with psycopg.connect(servers.database_url) as connection:
            row = connection.execute(
                "SELECT current_user, datname, datlocprovider::text, datlocale FROM pg_database WHERE datname = 'nightledger'"
            ).fetchone()
        assert row == ("nightledger", "nightledger", "b", "C.UTF-8")
        valkey = redis.Redis.from_url(servers.redis_url)
        for name, value in {
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "port": "0",
        }.items():
            assert valkey.config_get(name) == {name: value}
        for private in ("postgres.password", "servers.json"):
            assert stat.S_IMODE((tmp_path / private).stat().st_mode) == 0o600


def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as servers:
        secret = (tmp_path / "postgres.password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(servers.database_url.replace(secret, "guess"))


def test_kill_9_of_postgresql_loses_no_acknowledged_write(tmp_path: Path) -> None:
    with running(tmp_path) as servers:
        postgres, _ = started(servers)
        acknowledged: list[int] = []

        def write() -> None:
            with contextlib.suppress(psycopg.Error), psycopg.connect(servers.database_url, autocommit=True) as connection:
                connection.execute("CREATE TABLE written (number int PRIMARY KEY)")
                for number in range(1_000_000):
                    connection.execute("INSERT INTO written VALUES (%s)", [number])
                    acknowledged.append(number)

        kill_while_writing(postgres.pid, write, acknowledged)
        assert not postgres.alive()
        postgres.start()
        with psycopg.connect(servers.database_url) as connection:
            found = {number for (number,) in connection.execute("SELECT number FROM written")}
    print(f"postgresql: {len(acknowledged)} acknowledged, none missing")
    assert set(acknowledged) <= found


def test_kill_9_of_valkey_loses_no_acknowledged_write(tmp_path: Path) -> None:
    with running(tmp_path) as servers:
        _, valkey = started(servers)
        acknowledged: list[int] = []

        def write() -> None:
            with contextlib.suppress(redis.RedisError), redis.Redis.from_url(servers.redis_url) as client:
                for number in range(1_000_000):
                    client.set(f"written:{number}", number)
                    acknowledged.append(number)

        kill_while_writing(valkey.pid, write, acknowledged)
        assert not valkey.alive()
        valkey.start()
        with redis.Redis.from_url(servers.redis_url) as client:
            missing = [number for number in acknowledged if not client.exists(f"written:{number}")]
    print(f"valkey: {len(acknowledged)} acknowledged, none missing")
    assert missing == []


def test_started_in_the_instant_of_its_death_it_comes_back(tmp_path: Path) -> None:
    with running(tmp_path) as servers:
        for server in started(servers):
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            server.start()
            time.sleep(0.2)
            assert server.alive()


def test_two_data_directories_run_side_by_side(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        assert setting(one, "data_directory") != setting(two, "data_directory")
        redis.Redis.from_url(one.redis_url).set("whose", "one")
        assert redis.Redis.from_url(two.redis_url).get("whose") is None


def test_another_terminal_attaches_while_the_run_lives(tmp_path: Path) -> None:
    assert attach(tmp_path) is None
    with running(tmp_path) as servers:
        found = attach(tmp_path)
        assert found == Servers(servers.database_url, servers.redis_url)
        _, valkey = started(servers)
        valkey.stop()
        assert attach(tmp_path) is None
    assert attach(tmp_path) is None
    assert not (tmp_path / "servers.json").exists()


def test_given_urls_are_used_and_nothing_is_started(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with embedded_servers(data_dir, database_url="postgresql://theirs/db", redis_url="redis://theirs") as servers:
        assert servers == Servers("postgresql://theirs/db", "redis://theirs")
    assert not data_dir.exists()
    with embedded_servers(data_dir, database_url="postgresql://theirs/db", redis_url=None) as servers:
        assert [server.name for server in servers.started] == ["Valkey"]
        assert json.loads((data_dir / "servers.json").read_text())["database_url"] == "postgresql://theirs/db"


def test_a_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="was written by PostgreSQL 17 and the programs are 18"), running(tmp_path):
        pytest.fail("started on another version's cluster")


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    (tmp_path / "postgres" / "postgresql.conf").write_text("no such setting = 1\n")
    with pytest.raises(EmbeddedServerError, match=r"(?s)PostgreSQL ended while starting .*syntax error"), running(tmp_path):
        pytest.fail("started with a broken configuration")
