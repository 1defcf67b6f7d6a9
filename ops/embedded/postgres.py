"""The embedded PostgreSQL: one cluster in the data directory, reached by a unix socket only, durable by its settings.

It is created once, started as our own child, and recovers by itself from whatever a killed run left behind. Schemas, roles and
their settings are the business of `ops/migrate`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from ops.embedded import identity, leftovers
from ops.embedded.binaries import postgres_programs, postgres_version
from ops.embedded.data_directory import write_private
from ops.embedded.failure import EmbeddedServerError, say, told_clearly
from ops.embedded.process import ServerProcess, Signals, run_tool

NAME = "nightledger"
"""Of the superuser, the database, and the cluster in process lists."""
CLUSTER = "postgres"
PASSWORD = "postgres.password"  # noqa: S105 - the name of its file
PORT = 5432
"""Only part of the socket's file name: no TCP port is opened, so two runs never meet."""

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "cluster_name": NAME,
    "max_connections": "100",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
    "log_startup_progress_interval": "5s",
    "logging_collector": "off",
}
"""Given on the command line, so that nothing written later into the cluster can make it forget an acknowledged write."""

MEBIBYTE = 2**20
MEMORY_SHARE, LEAST_BUFFERS_MB, MOST_BUFFERS_MB = 8, 128, 2048
"""The index of a long log is touched all over: with PostgreSQL's 128 MB, each booking on five million events reads six pages
from outside. Less than the quarter that its manual advises, because all of the product runs beside it."""

CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says what a container may have, or `max`."""

SIGNALS = Signals(polite=signal.SIGINT, polite_seconds=60, firm=signal.SIGQUIT, firm_seconds=30)
"""SIGINT is PostgreSQL's fast shutdown; SIGQUIT the immediate one, after which the next start recovers."""

LEFTOVER_LADDER = ((signal.SIGINT, 300.0), (signal.SIGQUIT, 30.0), (signal.SIGKILL, 10.0))
ORPHAN_LADDER = ((signal.SIGTERM, 5.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
MARKS = (f"cluster_name={NAME}", f"postgres: {NAME}: ")
"""How our postmaster and its backends look in the process list."""


class Postgres:
    """PostgreSQL on `data_directory/postgres`, with its socket in `sockets`; the caller holds the data directory."""

    name = "PostgreSQL"

    def __init__(self, data_directory: Path, sockets: Path) -> None:
        """Take the held data directory and the directory for sockets; nothing is started yet."""
        self._root = data_directory
        self._cluster = data_directory / CLUSTER
        self._password_file = data_directory / PASSWORD
        self._sockets = sockets / "pg"
        self._process = ServerProcess(self.name, data_directory / "log" / "postgres.log", SIGNALS)

    @property
    def url(self) -> str:
        """A libpq URL with the password and the socket's directory inside; known once `start` made the cluster."""
        return self._url(NAME)

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._process.pid

    def start(self) -> None:
        """Make the cluster if it is new, end what a killed run left, start, recover, and make the database.

        Does nothing when already running; a silent one is ended first. Raises EmbeddedServerError with the next step.
        """
        if self.pid is not None and self.alive():
            return
        # One that was killed this instant, or hangs, still has its process id for a while.
        self._process.stop()
        with told_clearly(self.name, self._process.log, psycopg.Error):
            runs_as = identity.server_identity()
            identity.open_way(self._root, runs_as)
            programs = identity.reachable_programs(postgres_programs(), self._root, runs_as)
            self._clear_the_way()
            self._open_sockets(runs_as)
            if not self._cluster.exists():
                self._create_cluster(programs, runs_as)
            self._require_readable_cluster(programs)
            identity.hand_over(self._cluster, runs_as)
            self._process.start(self._command(programs), runs_as, lambda: self._answers("postgres"))
            self._create_database()

    def alive(self) -> bool:
        """Say whether our database answers `SELECT 1`."""
        return self._password_file.exists() and self._answers(NAME)

    def wait(self) -> int:
        """Wait until the postmaster ends; returns its exit code."""
        return self._process.wait()

    def terminate(self) -> None:
        """Ask for a fast shutdown, without waiting."""
        self._process.terminate()

    def kill(self) -> None:
        """Ask for an immediate shutdown, without waiting; the next start recovers."""
        self._process.kill()

    def stop(self) -> None:
        """Shut down and wait. Raises EmbeddedServerError when it does not end."""
        self._process.stop()

    def _command(self, programs: Path) -> list[str | Path]:
        buffers = shared_buffers(memory())
        settings = SETTINGS | {"unix_socket_directories": str(self._sockets), "shared_buffers": buffers}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [programs / "postgres", "-D", self._cluster, *arguments]

    def _open_sockets(self, runs_as: identity.Identity) -> None:
        """Begin with an empty directory: a socket's lock file names a process too, and may name a stranger by now."""
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets.mkdir(mode=0o700)
        identity.hand_over(self._sockets, runs_as)
        if runs_as.user is not None:
            self._sockets.parent.chmod(0o701)

    def _clear_the_way(self) -> None:
        """End servers of killed runs on this cluster, and remove a pid file that then means nothing."""
        found = leftovers.processes_in(self._cluster, "postgres")
        leftovers.require_ours(found, MARKS, self._cluster)
        masters = [process for process in found if MARKS[0] in leftovers.command_line(process)]
        if masters:
            say(f"{self.name} of a killed run is still there (process {masters[0].pid}): shutting it down first")
            leftovers.end(self.name, masters, LEFTOVER_LADDER)
        # Backends outlive a killed postmaster while they compute; the new one must not start beside them.
        leftovers.end(self.name, leftovers.processes_in(self._cluster, "postgres"), ORPHAN_LADDER)
        # PostgreSQL itself would take a zombie, or a stranger with the same number, for a running server and refuse.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _create_cluster(self, programs: Path, runs_as: identity.Identity) -> None:
        """Run initdb beside the final place and move the result: a killed first start leaves no half cluster."""
        for unfinished in self._root.glob("postgres.new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        # A name of its own each time: the initdb of a killed run may still be writing.
        draft = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self._root))
        write_private(self._password_file, secrets.token_hex(24))
        shown = self._sockets / "password"
        write_private(shown, self._password_file.read_text())
        for path in (draft, shown):
            identity.hand_over(path, runs_as)
        locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
        access = ("--auth-host=scram-sha-256", "--auth-local=scram-sha-256", f"--username={NAME}", f"--pwfile={shown}")
        made = run_tool([programs / "initdb", "-D", draft, "-k", *locale, *access], runs_as)
        shown.unlink()
        self._process.log.write_text(made.stdout + made.stderr)
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            msg = "the PostgreSQL cluster could not be created: mend what initdb says, then start again"
            raise EmbeddedServerError(msg, self._process.log)
        draft.rename(self._cluster)

    def _require_readable_cluster(self, programs: Path) -> None:
        version_file = self._cluster / "PG_VERSION"
        written_by = version_file.read_text().strip() if version_file.exists() else "unknown"
        runs = postgres_version(programs)
        if written_by != str(runs):
            msg = (
                f"{self._cluster} was written by PostgreSQL {written_by} and the programs are {runs}: "
                f"set POSTGRES_BIN to those of {written_by} or choose another DATA_DIR"
            )
            raise EmbeddedServerError(msg)
        if not self._password_file.exists():
            msg = f"{self._password_file} is missing: put it back from a backup, or choose another DATA_DIR"
            raise EmbeddedServerError(msg)

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=10) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")

    def _answers(self, database: str) -> bool:
        return postgres_answers(self._url(database))

    def _url(self, database: str) -> str:
        password = self._password_file.read_text().strip()
        return f"postgresql://{NAME}:{password}@/{database}?host={quote(os.fspath(self._sockets), safe='')}&port={PORT}"


def memory(limit: Path = CONTAINER_LIMIT) -> int:
    """Give the bytes of memory of this machine, or of the container that we run in when it may have less."""
    whole: int = psutil.virtual_memory().total
    try:
        allowed = limit.read_text()
    except OSError:
        return whole
    return min(whole, int(allowed)) if allowed.strip().isdecimal() else whole


def shared_buffers(of_bytes: int) -> str:
    """Say how much of a machine's memory PostgreSQL keeps its pages in."""
    share = of_bytes // MEMORY_SHARE // MEBIBYTE
    return f"{min(max(share, LEAST_BUFFERS_MB), MOST_BUFFERS_MB)}MB"


def postgres_answers(url: str) -> bool:
    """Say whether the server of a URL answers `SELECT 1` within two seconds or so."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)
    return False
