"""The keys store as a file: tables, connections that are used again, durable transactions, and wiping what was removed."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 10
TABLES = """
CREATE TABLE IF NOT EXISTS guest (
    key_id BLOB PRIMARY KEY,
    profile BLOB,
    fiscal BLOB,
    fiscal_until TEXT,
    master TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL, master TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaving (key_id BLOB PRIMARY KEY, address BLOB NOT NULL, master TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
"""guest: both keys of each, wrapped; NULL where one was destroyed. secret: the root of derived secrets. leaving: an erased
guest's address, wrapped, until the vendors have been asked to forget it. mark: how far lists and logs were looked through."""


class KeysFile:
    """A SQLite file that threads and processes share. Every commit is on disk before the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: deque[sqlite3.Connection] = deque()
        path.touch(mode=0o600)
        with self.reading() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'mark'").fetchone():
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(TABLES)
        path.chmod(0o600)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for single statements."""
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction that nobody else writes during: all of it is durable afterwards, or none."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def scrub(self) -> bool:
        """Bring the log of writes to an end, so that no copy of what was destroyed stays in it; tell whether it is empty now.

        A reader who is just at work can keep a part of it; ask again later.
        """
        with self.reading() as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Let go of the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        return connection
