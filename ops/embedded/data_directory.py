"""The directory of one run's embedded servers: made 0700, held by one process at a time, with the sockets' short home.

The lock is the kernel's (flock), so a killed holder leaves it free; process ids in files are only for people to read.
Modes of directories that were there before and hold something are left alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.embedded.failure import EmbeddedServerError

LOCK = "lock"
SOCKETS = "sockets"
OWNER = "data_directory"
"""File inside the sockets' directory that names the data directory it belongs to: a copied data directory gets its own."""

PATIENCE_SECONDS = 1.0
"""`is_held` borrows the lock for an instant; a starting run must not take that for another run."""

LONGEST_SOCKET_PATH = 107
OTHERS_READ_OR_WRITE = 0o066
"""Passing through is allowed: where PostgreSQL runs as nobody it must."""


@contextmanager
def held(path: Path) -> Iterator[Path]:
    """Create the data directory if needed and hold it alone while the block runs; gives its absolute path.

    Raises EmbeddedServerError when another process holds it or when it cannot be ours.
    """
    directory = _made(path)
    # Python opens files close-on-exec: servers that outlive us do not keep the lock.
    with (directory / LOCK).open("a+") as lock:
        if not _locked(lock.fileno(), fcntl.LOCK_EX):
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            msg = f"data directory {directory} is in use by process {holder}: stop that run or choose another DATA_DIR"
            raise EmbeddedServerError(msg)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        (directory / "log").mkdir(mode=0o700, exist_ok=True)
        yield directory


def is_held(path: Path) -> bool:
    """Say whether a run holds this data directory now. Raises EmbeddedServerError when it is another user's."""
    try:
        with (path / LOCK).open() as file:
            return not _locked(file.fileno(), fcntl.LOCK_SH, patience_seconds=0)
    except FileNotFoundError:
        return False
    except PermissionError as problem:
        msg = f"data directory {path} belongs to another user: run as that user or choose another DATA_DIR"
        raise EmbeddedServerError(msg) from problem


@contextmanager
def sockets_of(directory: Path) -> Iterator[Path]:
    """Give the short 0700 directory below the temp directory where a held data directory's sockets live.

    What a killed run left is used again, so that its servers can still be asked. Raises EmbeddedServerError when even the temp
    directory's path is too long for a socket (107 bytes).
    """
    link = directory / SOCKETS
    home = link.readlink() if link.is_symlink() else None
    if home is None or not _belongs_to(home, directory):
        link.unlink(missing_ok=True)
        home = _made_short()
        (home / OWNER).write_text(str(directory))
        link.symlink_to(home)
    try:
        yield home
    finally:
        link.unlink(missing_ok=True)
        shutil.rmtree(home, ignore_errors=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _made(path: Path) -> Path:
    directory = path.expanduser().absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = directory.resolve()
        owner = directory.stat().st_uid
        if owner == os.geteuid() and not any(directory.iterdir()):
            directory.chmod(0o700)
        usable = os.access(directory, os.R_OK | os.W_OK | os.X_OK)
    except OSError as problem:
        msg = f"data directory {directory} cannot be used ({problem.strerror}): choose another DATA_DIR"
        raise EmbeddedServerError(msg) from problem
    # Root could write here, but would leave files that the owner cannot read at the next start.
    if owner != os.geteuid() or not usable:
        msg = (
            f"data directory {directory} belongs to user id {owner} and this is {os.geteuid()}: "
            "run as that user or choose another DATA_DIR"
        )
        raise EmbeddedServerError(msg)
    return directory


def _locked(descriptor: int, kind: int, patience_seconds: float = PATIENCE_SECONDS) -> bool:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _belongs_to(home: Path, directory: Path) -> bool:
    try:
        mine = home.is_dir() and not home.is_symlink() and home.stat().st_mode & OTHERS_READ_OR_WRITE == 0
        return mine and (home / OWNER).read_text() == str(directory)
    except OSError:
        return False


def _made_short() -> Path:
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp")):  # noqa: S108 - mkdtemp makes it unguessable and 0700
        longest = Path(parent) / "nl-xxxxxxxx" / "pg" / ".s.PGSQL.5432"
        if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH and os.access(parent, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="nl-", dir=parent))
    msg = f"no place for sockets below {tempfile.gettempdir()}: set TMPDIR to a writable directory with a short path"
    raise EmbeddedServerError(msg)
