"""As whom the servers run: root below a closed directory, root without namespaces, a normal user, one without a name."""

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

import ops.embedded.identity
from ops.embedded import EmbeddedServerError, embedded_servers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

ROOT = Path(__file__).parents[2]
DAEMON, NAMELESS = 1, 54_321
USE = """
import os, pathlib, sys
import psycopg, redis
from ops.embedded import embedded_servers
for _ in range(2):
    with embedded_servers(pathlib.Path(sys.argv[1]), database_url=None, redis_url=None) as servers:
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz)")
            connection.execute("INSERT INTO starts VALUES (now())")
            count = connection.execute("SELECT count(*) FROM starts").fetchone()[0]
        print(os.geteuid(), count, redis.Redis.from_url(servers.redis_url).incr("starts"), flush=True)
"""


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Give a directory below the temp directory that everybody may enter (pytest's own are closed)."""
    path = Path(tempfile.mkdtemp(prefix="nl-open-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def python_for_everybody(directory: Path) -> str:
    """Return our Python, or a copy of it where a normal user can run it: ours may live in root's closed home."""
    if subprocess.run(["test", "-x", Path(sys.executable).resolve()], user=DAEMON, check=False).returncode == 0:
        return sys.executable
    home, lib = Path(sys.base_prefix), Path(sys.platlibdir)
    copy = directory / "python"
    version = Path(sysconfig.get_path("stdlib")).name
    unneeded = shutil.ignore_patterns("test", "site-packages", "__pycache__", "idlelib", "ensurepip", "tkinter", "config-*")
    shutil.copytree(sysconfig.get_path("stdlib"), copy / lib / version, ignore=unneeded)
    for library in (home / "lib").glob("libpython*.so*"):
        shutil.copy(library, copy / "lib")
    (copy / "bin").mkdir()
    return str(shutil.copy(Path(sys.executable).resolve(), copy / "bin" / version))


def require_readable_checkout() -> None:
    packages = Path(psycopg.__file__).parents[1]
    for path in (ROOT, packages):
        if subprocess.run(["test", "-x", path], user=DAEMON, check=False).returncode != 0:
            pytest.skip(f"{path} is closed to normal users")


def use(directory: Path, user: int) -> subprocess.CompletedProcess[str]:
    python = python_for_everybody(directory)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{Path(psycopg.__file__).parents[1]}",
        "LD_LIBRARY_PATH": str(directory / "python" / "lib"),
        "HOME": "/nonexistent",
    }
    return subprocess.run(
        [python, "-B", "-c", USE, directory / "data"],
        user=user,
        group=user,
        extra_groups=[],
        env=environment,
        cwd="/",
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_root_below_a_closed_directory_changes_no_mode(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded_servers(closed / "data", database_url=None, redis_url=None) as servers:
        postgres, _ = servers.started
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert postgres.pid is not None
        assert "postgres" in psutil.Process(postgres.pid).name()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (closed, closed / "data")] == [0o700, 0o700]


@pytest.mark.parametrize("user", [DAEMON, NAMELESS])
def test_a_normal_user_needs_nothing_special(open_directory: Path, user: int) -> None:
    require_readable_checkout()
    os.chown(open_directory, user, user)
    done = use(open_directory, user)
    assert (done.stderr, done.stdout.splitlines()) == ("", [f"{user} 1 1", f"{user} 2 2"])


def test_root_without_namespaces_becomes_nobody_with_a_copy_of_closed_programs(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops.embedded.identity, "_working_unshare", lambda _uid, _gid: ())
    monkeypatch.setattr(ops.embedded.identity, "_others_may_run", lambda _programs: False)
    data_dir = open_directory / "data"
    for _ in range(2):
        with embedded_servers(data_dir, database_url=None, redis_url=None) as servers:
            postgres, _ = servers.started
            assert postgres.pid is not None
            process = psutil.Process(postgres.pid)
            assert process.uids().real == 65534
            assert process.exe().startswith(str(data_dir / "programs"))
            with psycopg.connect(servers.database_url) as connection:
                assert connection.execute("SELECT current_user").fetchone() == ("nightledger",)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o701
    assert stat.S_IMODE((data_dir / "postgres.password").stat().st_mode) == 0o600
    # Where namespaces work again, the same cluster goes on.
    monkeypatch.undo()
    with embedded_servers(data_dir, database_url=None, redis_url=None) as servers:
        assert all(server.alive() for server in servers.started)


def test_root_without_namespaces_below_a_closed_directory_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops.embedded.identity, "_working_unshare", lambda _uid, _gid: ())
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with (
        pytest.raises(EmbeddedServerError, match=r"who may not enter .*: choose a DATA_DIR that others may enter"),
        embedded_servers(closed / "data", database_url=None, redis_url=None),
    ):
        pytest.fail("started below a closed directory")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
