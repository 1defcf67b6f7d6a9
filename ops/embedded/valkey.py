"""The embedded Valkey: everything acknowledged is in its append-only file; a unix socket only; never evicts.

Read models and queues live here. The program's own defaults keep nothing, so every setting that matters is given.
"""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import quote

import redis

from ops.embedded import leftovers
from ops.embedded.binaries import valkey_program
from ops.embedded.failure import say, told_clearly
from ops.embedded.identity import Identity
from ops.embedded.process import ServerProcess, Signals

SETTINGS = (
    ("port", "0"),
    ("unixsocketperm", "700"),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("save", ""),
    ("maxmemory-policy", "noeviction"),
    ("daemonize", "no"),
    # The command line stays as it was: that is how the next run knows a leftover of ours.
    ("set-proc-title", "no"),
)
SIGNALS = Signals(polite=signal.SIGTERM, polite_seconds=30, firm=signal.SIGKILL, firm_seconds=10)
LEFTOVER_LADDER = ((signal.SIGTERM, 60.0), (signal.SIGKILL, 10.0))
MARKS = ("--unixsocketperm 700 --appendonly yes --appendfsync always",)


class Valkey:
    """Valkey on `data_directory/valkey`, with its socket in `sockets`; the caller holds the data directory."""

    name = "Valkey"

    def __init__(self, data_directory: Path, sockets: Path) -> None:
        """Take the held data directory and the directory for sockets; nothing is started yet."""
        self._directory = data_directory / "valkey"
        self._socket = sockets / "valkey.sock"
        self._process = ServerProcess(self.name, data_directory / "log" / "valkey.log", SIGNALS)

    @property
    def url(self) -> str:
        """A `unix://` URL for `redis.Redis.from_url`."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._process.pid

    def start(self) -> None:
        """End what a killed run left, start, and wait until everything kept is loaded.

        Does nothing when already running; a silent one is ended first. Raises EmbeddedServerError with the next step.
        """
        if self.pid is not None and self.alive():
            return
        # One that was killed this instant, or hangs, still has its process id for a while.
        self._process.stop()
        with told_clearly(self.name, self._process.log):
            program = valkey_program()
            self._directory.mkdir(mode=0o700, exist_ok=True)
            self._clear_the_way(program.name)
            settings = (("dir", str(self._directory)), ("unixsocket", str(self._socket)), *SETTINGS)
            arguments = [part for name, value in settings for part in (f"--{name}", value)]
            self._process.start([program, *arguments], Identity(), self.alive)

    def alive(self) -> bool:
        """Say whether the server answers PING, which it does only after loading."""
        return valkey_answers(self.url)

    def wait(self) -> int:
        """Wait until the server ends; returns its exit code."""
        return self._process.wait()

    def terminate(self) -> None:
        """Ask for a shutdown in good order, without waiting."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once, without waiting; acknowledged writes are in the append-only file."""
        self._process.kill()

    def stop(self) -> None:
        """Shut down and wait. Raises EmbeddedServerError when it does not end."""
        self._process.stop()

    def _clear_the_way(self, program: str) -> None:
        """End a server of a killed run: Valkey itself would let two write one append-only file."""
        found = leftovers.processes_in(self._directory, program)
        leftovers.require_ours(found, MARKS, self._directory)
        if found:
            say(f"{self.name} of a killed run is still there (process {found[0].pid}): shutting it down first")
            leftovers.end(self.name, found, LEFTOVER_LADDER)


def valkey_answers(url: str) -> bool:
    """Say whether the server of a URL answers PING within two seconds or so; one that is still loading does not."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
