"""Keeps named processes and the embedded servers running, and ends all of them in order: web, workers, servers.

One thread keeps one process: start, wait, say, start again. The main thread only listens for signals. What the processes do
and how they are wired is said elsewhere; a supervisor that knows nothing can be trusted with everything.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from queue import SimpleQueue
from types import FrameType
from typing import Protocol

from ops.embedded.failure import EmbeddedServerError, say

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A process that lived this long was well: its next death starts again with the shortest delay."""

CRASH_LOOP = 5
"""So many quick deaths in a row are called a crash loop."""

SAME_REQUEST_SECONDS = 0.5
"""`make` passes on a signal that the whole group got already: two so close together are one request, not a hurry."""

CHILD_GRACE_SECONDS = 8.0
SERVER_GRACE_SECONDS = 60.0
FIRM_SECONDS = 30.0
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Child:
    """A process to keep: what to run, with which environment (None: ours) and which inherited descriptors.

    Children of a lower `stage` stop earlier; those of one stage stop together.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    pass_fds: tuple[int, ...] = ()
    stage: int = 1


class Kept(Protocol):
    """What a keeper can keep: a child process or an embedded server. `start` does nothing when it is running."""

    @property
    def name(self) -> str:
        """How messages call it."""

    def start(self) -> None:
        """Start it and return when it is up; raises OSError or EmbeddedServerError."""

    def wait(self) -> int:
        """Wait until it has ended; returns the exit code (negative: the signal)."""

    def terminate(self) -> None:
        """Ask it to end, without waiting."""

    def kill(self) -> None:
        """Make it end, without waiting."""


class Supervisor:
    """Runs children beside already started servers until a signal asks it to stop."""

    def __init__(self, children: Sequence[Child], servers: Sequence[Kept] = ()) -> None:
        """Take the children in starting order and the servers, first started first."""
        by_stage = sorted(children, key=lambda child: child.stage)
        self._stages = [
            [_Keeper(_ChildProcess(child), CHILD_GRACE_SECONDS) for child in stage]
            for _, stage in groupby(by_stage, key=lambda child: child.stage)
        ]
        self._servers = [[_Keeper(server, SERVER_GRACE_SECONDS)] for server in reversed(servers)]
        self._children = {keeper.name: keeper for stage in self._stages for keeper in stage}
        self._order = [child.name for child in children]
        self._asked: SimpleQueue[float] = SimpleQueue()
        self._patient_until = 0.0
        self._hurried = False

    def run(self, ready: Callable[[], None]) -> int:
        """Start everything, call `ready` once (on a thread, it may wait for the web), and keep it running until a signal.

        Call it on the main thread. Returns 0 after an orderly stop, 1 when `ready` failed or something would not end.
        """
        failures: list[BaseException] = []
        with self._listening():
            for keeper in (*(keeper for (keeper,) in self._servers), *(self._children[name] for name in self._order)):
                keeper.start()
            threading.Thread(target=self._announce, args=(ready, failures), name="ready", daemon=True).start()
            self._patient_until = self._asked.get() + SAME_REQUEST_SECONDS
            ended = [self._stop(stage) for stage in (*self._stages, *self._servers)]
        return 0 if all(ended) and not failures else 1

    def stop(self) -> None:
        """Ask for an orderly stop, as SIGTERM does; a second time hurries. Safe from any thread."""
        self._asked.put(time.monotonic())

    def _announce(self, ready: Callable[[], None], failures: list[BaseException]) -> None:
        try:
            ready()
        except Exception as problem:  # noqa: BLE001 - whatever it is, nobody is served: say it, stop, exit 1
            failures.append(problem)
            say(f"not ready: {problem}")
            self.stop()

    def _stop(self, keepers: Sequence[_Keeper]) -> bool:
        """End one stage: ask, wait the grace (or a second signal), insist. Says whether all have ended."""
        for keeper in keepers:
            keeper.stop()
        grace_seconds = max(keeper.grace_seconds for keeper in keepers)
        if not self._wait_for(keepers, grace_seconds, hurried=self._is_hurried):
            for keeper in keepers:
                keeper.insist()
            self._wait_for(keepers, FIRM_SECONDS, hurried=lambda: False)
        left = [keeper.name for keeper in keepers if keeper.running]
        for name in left:
            say(f"{name} does not end: end it by hand")
        return not left

    def _is_hurried(self) -> bool:
        while not self._asked.empty():
            self._hurried |= self._asked.get() > self._patient_until
        return self._hurried

    @staticmethod
    def _wait_for(keepers: Sequence[_Keeper], patience_seconds: float, hurried: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + patience_seconds
        while running := [keeper for keeper in keepers if keeper.running]:
            if time.monotonic() > deadline or hurried():
                return False
            running[0].join(0.05)
        return True

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Turn stopping signals into times in a queue (the one structure that is safe inside a signal handler)."""

        def hear(_signum: int, _frame: FrameType | None) -> None:
            self._asked.put(time.monotonic())

        # A signal that our caller ignores (nohup) stays ignored, except the two everybody relies on.
        heard = [one for one in STOPPING_SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
        before = {one: signal.signal(one, hear) for one in heard}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


class _Keeper(threading.Thread):
    """Keeps one process: starts it again when it ends, later and later, and says so."""

    def __init__(self, kept: Kept, grace_seconds: float) -> None:
        super().__init__(name=kept.name, daemon=True)
        self.grace_seconds = grace_seconds
        self._kept = kept
        self._stopping = threading.Event()
        self._quick_deaths = 0

    @property
    def running(self) -> bool:
        return self.is_alive()

    def stop(self) -> None:
        self._stopping.set()
        self._kept.terminate()

    def insist(self) -> None:
        self._kept.kill()

    def run(self) -> None:
        while not self._stopping.is_set():
            begun = time.monotonic()
            happened = self._live_once()
            if not self._stopping.is_set():
                self._stopping.wait(self._say_and_choose_delay(happened, time.monotonic() - begun))

    def _live_once(self) -> str:
        try:
            self._kept.start()
            if self._stopping.is_set():
                # Asked to stop while it was starting: the request found no process yet.
                self._kept.terminate()
            code = self._kept.wait()
        except (OSError, EmbeddedServerError) as problem:
            return f"did not start: {problem}"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def _say_and_choose_delay(self, happened: str, lived_seconds: float) -> float:
        self._quick_deaths = 1 if lived_seconds >= STEADY_SECONDS else self._quick_deaths + 1
        delay_seconds = restart_delay(self._quick_deaths)
        say(f"{self.name} {happened}; restart in {delay_seconds:g} s")
        if self._quick_deaths == CRASH_LOOP:
            say(f"{self.name} is in a crash loop ({CRASH_LOOP} quick ends in a row): read what it says above")
        return delay_seconds


class _ChildProcess:
    """One child as a process of its own group, so that the terminal's Ctrl-C reaches only the supervisor."""

    def __init__(self, child: Child) -> None:
        self.name = child.name
        self._child = child
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*_dying_with_parent(), *self._child.argv],
            stdin=subprocess.DEVNULL,
            env=self._child.env,
            pass_fds=self._child.pass_fds,
            process_group=0,
        )

    def wait(self) -> int:
        process = self._process
        if process is None:
            return 0
        if sys.platform == "linux":
            # Seen but not yet collected, the id stays taken: the group below is surely still this child's.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        with self._lock:
            # Processes of its own that a killed child left (web workers) must not serve beside its successor.
            _signal_group(process.pid, signal.SIGKILL)
            return process.wait()

    def terminate(self) -> None:
        with self._lock:
            if self._process and self._process.returncode is None:
                os.kill(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        with self._lock:
            if self._process and self._process.returncode is None:
                _signal_group(self._process.pid, signal.SIGKILL)


def restart_delay(quick_deaths: int) -> float:
    """Return the seconds before the next start after so many quick deaths in a row: 0.1, 0.2, 0.4 … 5."""
    doublings = min(quick_deaths - 1, 10)
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * (1 << doublings))


def _signal_group(group: int, signum: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        # Gone already; macOS says "not permitted" of a group in which only zombies are left.
        os.killpg(group, signum)


@functools.cache
def _dying_with_parent() -> tuple[str, ...]:
    """Return the prefix that makes the kernel send SIGTERM to a child when the supervisor is killed, empty where it cannot."""
    program = shutil.which("setpriv")
    if sys.platform != "linux" or not program:
        return ()
    prefix = (program, "--pdeathsig", "TERM", "--")
    # Tried, not guessed: small systems bring a setpriv without this option.
    return prefix if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0 else ()
