"""A stranger's first minutes: clone, `make run`, the ready line, Ctrl-C, and again on the same data.

As root, as a normal user made for this test, and as root below a 0700 directory. Only the first installs with empty
caches; the other two share its packages, since what differs there is who runs and where.
"""

from __future__ import annotations

import math
import os
import pwd
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import psutil
import pytest

from ops.free_ports import neighbouring_ports

ROOT = Path(__file__).resolve().parents[3]
FIRST_START_SECONDS, SECOND_START_SECONDS, STOP_SECONDS = 180, 10, 30
LATER_STARTS = 3
OF_THE_MACHINE = ("PATH", "LANG", "PIP_", "SSL_", "NODE_", "npm_config_", "http", "HTTP", "no_proxy", "NO_PROXY")
"""What a login on this machine brings along; nothing of the make or the test run around us."""

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Stranger:
    """Somebody with a clone: where it is, which caches they have, and who they are (None: whoever runs the test)."""

    clone: Path
    caches: Path
    user: str | None = None

    def environment(self, port: int) -> dict[str, str]:
        """Give what a fresh login has, and nothing of the environment that this test runs in."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(OF_THE_MACHINE)}
        own = {
            "HOME": str(self.caches),
            "PIP_CACHE_DIR": str(self.caches / "pip"),
            "npm_config_cache": str(self.caches / "npm"),
        }
        return {**kept, **own, "PORT": str(port), "DATA_DIR": str(self.clone / "kept"), "USER": self.user or "root"}

    def start(self, port: int) -> subprocess.Popen[str]:
        """Type `make run` in a session of its own, so that Ctrl-C can be sent as a terminal sends it."""
        who = pwd.getpwnam(self.user) if self.user else None
        return subprocess.Popen(
            ["make", "run"],
            cwd=self.clone,
            env=self.environment(port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=who.pw_uid if who else None,
            group=who.pw_gid if who else None,
            extra_groups=[] if who else None,
        )


def wait_for_ready(run: subprocess.Popen[str], port: int, seconds: float) -> list[str]:
    """Read the output until the ready line; fails with all of it when the line does not come in time."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(run, lines), daemon=True).start()
    said: list[str] = []
    deadline = time.monotonic() + seconds
    while True:
        try:
            line = lines.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            pytest.fail(f"not ready after {seconds} s:\n{''.join(said)}", pytrace=False)
        if line is None:
            pytest.fail(f"ended before it was ready, exit {run.wait()}:\n{''.join(said)}", pytrace=False)
        said.append(line)
        if line.strip() == f"ready http://127.0.0.1:{port}":
            return said


def _pump(run: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    if run.stdout:
        with run.stdout as output:
            for line in output:
                lines.put(line)
    lines.put(None)


def processes_of(clone: Path) -> list[psutil.Process]:
    """List the processes that live in the clone: by working directory or by command line."""
    found = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        traces = [process.info["cwd"] or "", *(process.info["cmdline"] or [])]
        if process.pid != os.getpid() and any(str(clone) in trace for trace in traces):
            found.append(process)
    return found


def press_ctrl_c(run: subprocess.Popen[str], clone: Path) -> None:
    """Interrupt the whole foreground group once, as a terminal does; fails when a process stays."""
    os.killpg(run.pid, signal.SIGINT)
    run.wait(STOP_SECONDS)
    deadline = time.monotonic() + STOP_SECONDS
    while (left := processes_of(clone)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


@pytest.fixture
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Path]]:
    """Hand out `clone(below)`; whatever still runs in a clone at the end is killed, and the clone removed."""
    made: list[Path] = []

    def make(below: Path) -> Path:
        target = below / f"nightledger-{uuid4().hex[:8]}"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(target)], check=True)
        made.append(target)
        return target

    yield make
    for target in made:
        for process in processes_of(target):
            process.kill()
        if target.exists():  # a user's clone went with their home
            shutil.rmtree(target)


@pytest.fixture(scope="module")
def shared_caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep what the first run downloaded for the other two."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def normal_user(missing: Callable[[str], NoReturn]) -> Iterator[tuple[str, Path]]:
    """Make a user with a home of mode 0700, and remove both afterwards."""
    if os.geteuid() != 0 or not shutil.which("useradd"):
        missing("the right to make a user (root and useradd)")
    name = f"guest-{uuid4().hex[:8]}"
    subprocess.run(["useradd", "--create-home", name], check=True)
    home = Path(pwd.getpwnam(name).pw_dir)
    home.chmod(0o700)
    try:
        yield name, home
    finally:
        for process in psutil.process_iter(["username"]):
            if process.info["username"] == name:
                process.kill()
        subprocess.run(["userdel", "--remove", name], check=True, capture_output=True)


def started_and_stopped(stranger: Stranger, port: int, limit: float) -> float:
    """Start, wait for the ready line and stop again; gives the seconds until it was ready."""
    began = time.monotonic()
    run = stranger.start(port)
    wait_for_ready(run, port, limit)
    seconds = time.monotonic() - began
    press_ctrl_c(run, stranger.clone)
    return seconds


def two_starts(stranger: Stranger) -> None:
    """Start, stop, start again on the same data, stop; prints what it took."""
    port = neighbouring_ports(2)[0]
    first = started_and_stopped(stranger, port, FIRST_START_SECONDS)
    later: list[float] = []
    # Whatever else the machine does can slow one start down, a start that is slow by itself is so every time.
    while len(later) < LATER_STARTS and min(later, default=math.inf) > SECOND_START_SECONDS:
        later.append(started_and_stopped(stranger, port, FIRST_START_SECONDS))
    print(f"first start: {first:.1f} s (limit {FIRST_START_SECONDS} s)")
    print(f"later starts: {', '.join(f'{seconds:.1f}' for seconds in later)} s (one within {SECOND_START_SECONDS} s)")
    assert min(later) <= SECOND_START_SECONDS


def test_with_empty_caches(clone: Callable[[Path], Path], tmp_path: Path, shared_caches: Path) -> None:
    two_starts(Stranger(clone(tmp_path), shared_caches))


def test_as_a_normal_user(clone: Callable[[Path], Path], normal_user: tuple[str, Path], shared_caches: Path) -> None:
    name, home = normal_user
    caches = home / "caches"
    shutil.copytree(shared_caches, caches)
    target = clone(home)
    subprocess.run(["chown", "-R", f"{name}:", str(caches), str(target)], check=True)
    two_starts(Stranger(target, caches, name))


def test_as_root_below_a_closed_directory(
    clone: Callable[[Path], Path], tmp_path: Path, shared_caches: Path, missing: Callable[[str], NoReturn]
) -> None:
    if os.geteuid() != 0:
        missing("root")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    two_starts(Stranger(clone(closed), shared_caches))
    assert closed.stat().st_mode & 0o777 == 0o700
