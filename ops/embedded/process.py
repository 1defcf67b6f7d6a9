"""One server process as our own child: spawn with its log, wait until it answers, ask it to end, insist.

As a child it can be waited for, so a killed server is gone at once instead of staying a zombie that blocks its successor.
Which program, which signals and what "answers" means is said by postgres.py and valkey.py.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.failure import EmbeddedServerError, say
from ops.embedded.identity import Identity

RECOVERY_SECONDS = 300.0
SPEAK_EVERY_SECONDS = 5.0
LONGEST_LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class Signals:
    """How a server is asked to end, and how it is made to; seconds are how long each is given."""

    polite: int
    polite_seconds: float
    firm: int
    firm_seconds: float


class ServerProcess:
    """Runs one server program. `start` and `stop` may be called from different threads; `stop` interrupts a `start`."""

    def __init__(self, name: str, log: Path, signals: Signals) -> None:
        """Name the server for messages, its log file, and how it is asked to end."""
        self.name = name
        self.log = log
        self._signals = signals
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def start(self, argv: Sequence[str | Path], identity: Identity, answers: Callable[[], bool]) -> None:
        """Spawn the server and wait, up to five minutes of crash recovery, until `answers()` is true.

        Raises EmbeddedServerError when it ends or does not answer; nothing is left running then.
        """
        _begin_new_log(self.log)
        with self.log.open("ab") as output:
            # Own process group: the terminal's Ctrl-C reaches only us, so that the servers end last.
            self._child = subprocess.Popen(
                [*identity.prefix, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=server_environment(),
                cwd="/",
                user=identity.user,
                group=identity.group,
                extra_groups=identity.extra_groups,
                process_group=0,
            )
        try:
            self._await_answer(self._child, answers)
        except BaseException:
            self.stop()
            raise

    def wait(self) -> int:
        """Wait until the server ends and return its exit code (negative: the signal that ended it)."""
        child = self._child
        return child.wait() if child else 0

    def terminate(self) -> None:
        """Ask the server to end in good order, without waiting."""
        self._signal(self._signals.polite)

    def kill(self) -> None:
        """Make the server end now, without waiting; what it acknowledged stays."""
        self._signal(self._signals.firm)

    def stop(self) -> None:
        """End the server and wait for it. Raises EmbeddedServerError when even the firm signal does not end it."""
        child = self._child
        if child is None:
            return
        for signal, patience_seconds in (
            (self._signals.polite, self._signals.polite_seconds),
            (self._signals.firm, self._signals.firm_seconds),
        ):
            child.send_signal(signal)
            try:
                child.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                say(f"{self.name} does not end after {patience_seconds:.0f} s")
            else:
                return
        msg = f"{self.name} process {child.pid} does not end: end it by hand"
        raise EmbeddedServerError(msg, self.log)

    def _signal(self, signal: int) -> None:
        child = self._child
        if child is not None:
            child.send_signal(signal)

    def _await_answer(self, child: subprocess.Popen[bytes], answers: Callable[[], bool]) -> None:
        begun = told = time.monotonic()
        while not answers():
            now = time.monotonic()
            code = child.poll()
            if code is not None:
                msg = f"{self.name} ended while starting (exit code {code}): mend what its log says, then start again"
                raise EmbeddedServerError(msg, self.log)
            if now - begun > RECOVERY_SECONDS:
                msg = f"{self.name} does not answer after {RECOVERY_SECONDS:.0f} s: start again, recovery goes on where it was"
                raise EmbeddedServerError(msg, self.log)
            if now - told > SPEAK_EVERY_SECONDS:
                told = now
                say(f"{self.name} is recovering ({now - begun:.0f} s of at most {RECOVERY_SECONDS:.0f}), see {self.log}")
            time.sleep(0.02)


def run_tool(
    argv: Sequence[str | Path], identity: Identity, *, typed: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a server's own tool to its end, with `typed` as its input; gives its exit code and what it said."""
    return subprocess.run(
        [*identity.prefix, *argv],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=server_environment() | environment,
        user=identity.user,
        group=identity.group,
        extra_groups=identity.extra_groups,
        process_group=0,
    )


def server_environment() -> dict[str, str]:
    """Return our environment without what would make a server or its tools look elsewhere, in a locale that exists."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def _begin_new_log(log: Path) -> None:
    """Keep one older log beside the current one, so that a data directory does not fill up with them."""
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.old"))
