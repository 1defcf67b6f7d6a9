"""A real `nightledger up` with parts that can be killed, on free ports and a data directory of its own.

Kills are SIGKILL and hit one role at a time; `without` stops the supervisor so that a killed part stays away, and `paused`
stops a part itself. Used by the end-to-end, browser and fault tests; what guests do is said there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from ops.embedded import Servers, attach
from ops.free_ports import neighbouring_ports

ROOT = Path(__file__).parents[1]
SERVERS = frozenset({"PostgreSQL", "Valkey"})
ROLES = ("web", "worker", "follower", *sorted(SERVERS))
WORDS = {"web": "serve", "worker": "work", "follower": "follow", "sandbox": "ops.sandbox"}
OURS = re.compile(
    r"(DATABASE|REDIS|KEYS|PUBLIC)_URL|.*_KEY|SANDBOX_.*|STRIPE_.*|SENDGRID_.*|HOLDS?_.*|REQUESTS_.*|CLOCK_.*|PORT|DATA_DIR|WEB_.*"
)
T = TypeVar("T")


class Running:
    """One installation, which may be started several times on the same data."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port, self.sandbox_port = neighbouring_ports(2)
        self.api_key = ""
        self.output = data_dir.with_suffix(".out")
        self._environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the web is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """Where the JSON API of the demo property is."""
        return f"{self.url}/api/v1/properties/ella"

    @property
    def sandbox(self) -> str:
        """Where the vendors are."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def staff(self) -> dict[str, str]:
        """Give the headers of a caller with all scopes."""
        return {"Authorization": f"Bearer {self.api_key}"}

    def environment(self) -> dict[str, str]:
        """Give our environment without what belongs to another installation, with this one's addresses."""
        kept = {name: value for name, value in os.environ.items() if not OURS.fullmatch(name)}
        ours = {"DATA_DIR": str(self.data_dir), "PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)}
        return kept | ours | self._environment

    def start(self, seconds: float = 60) -> None:
        """Start everything and wait until it is ready."""
        before = len(self.said())
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ops.cli", "up"],
                cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: "ready http" in self.said()[before:] or self._has_ended(), seconds, self.said)
        assert not self._has_ended(), self.said()[before:]
        shown = re.search(r"nl_\S+", self.said())
        assert shown is not None
        self.api_key = shown.group()

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one `nightledger` command beside it."""
        return subprocess.run(
            [sys.executable, "-m", "ops.cli", *arguments],
            cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip

    def said(self) -> str:
        """Read all that it has printed and logged so far."""
        return self.output.read_text() if self.output.exists() else ""

    def family(self) -> list[psutil.Process]:
        """List the supervisor's living descendants."""
        assert self.process is not None
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [each for each in found if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def parts(self, role: str) -> list[psutil.Process]:
        """List the processes of a role that live now; of PostgreSQL only the postmaster."""
        assert self.process is not None
        children = [each for each in self.family() if _parent(each) == self.process.pid]
        return [each for each in children if _plays(each, role)]

    def kill(self, role: str) -> int:
        """Kill every process of a role at once; give how many there were."""
        killed = self.parts(role)
        for each in killed:
            _end(each)
        return len(killed)

    def kill_everything(self) -> None:
        """Kill the supervisor first, so that nothing is started again, then all that it had."""
        assert self.process is not None
        family = self.family()
        self.process.kill()
        self.process.wait()
        for each in family:
            _end(each)
        psutil.wait_procs(family, timeout=10)

    @contextmanager
    def without(self, role: str) -> Iterator[None]:
        """Keep a killed role away while the block runs: the supervisor sleeps and starts nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            assert self.kill(role)
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def paused(self, role: str) -> Iterator[None]:
        """Let every process of a role stand still while the block runs, without dying."""
        still = self.parts(role)
        assert still, f"no {role} is running"
        for each in still:
            each.suspend()
        try:
            yield
        finally:
            for each in still:
                each.resume()

    def servers(self) -> Servers:
        """Give the addresses of its servers, as soon as both answer."""
        return wait_for(lambda: attach(self.data_dir), 30)

    def is_ready(self) -> bool:
        """Tell whether the web says so."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Use a control of the sandbox."""
        answer = httpx.request(method, self.sandbox + path, json=body, timeout=10)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def stop(self) -> None:
        """End it in order, or, when that fails, at once; remove its sockets."""
        if self.process is None or self.process.poll() is not None:
            self._sweep_sockets()
            return
        family = self.family()
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill_everything()
        for each in psutil.wait_procs(family, timeout=5)[1]:
            _end(each)
        self._sweep_sockets()

    def _sweep_sockets(self) -> None:
        link = self.data_dir / "sockets"
        if link.is_symlink():
            shutil.rmtree(link.readlink(), ignore_errors=True)


def _parent(process: psutil.Process) -> int:
    try:
        return int(process.ppid())
    except psutil.NoSuchProcess:
        return 0


def _plays(process: psutil.Process, role: str) -> bool:
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    if role == "PostgreSQL":
        return any(word.endswith("/postgres") for word in words[:6]) and "-D" in words
    if role == "Valkey":
        return bool(words) and words[0].endswith("valkey-server")
    return WORDS[role] in words and any(word in {"ops.cli", "ops.sandbox"} for word in words)


def _end(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def wait_for(look: Callable[[], T | None], seconds: float, said: Callable[[], str] = str) -> T:
    """Wait until `look` finds something, and give it."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, said()[-4000:]
        time.sleep(0.05)
    return found


def wait_until(happened: Callable[[], bool], seconds: float, said: Callable[[], str] = str) -> None:
    """Wait until something has happened."""
    wait_for(lambda: True if happened() else None, seconds, said)
