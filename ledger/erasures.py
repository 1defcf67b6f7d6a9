"""The erasure list: a dated text file beside the keys store that says which keys must never be read again.

It is written before a key is destroyed, and whoever opens or restores an older keys store applies it first. One line each:
instant, purpose (profile or fiscal), id of the guest's keys. Nothing in it is personal.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from msgspec import Struct, convert

from ledger.keys_file import KeysFile
from ledger.sealing import Purpose

logger = logging.getLogger(__name__)

MARK = "erasures"
"""Up to which byte the list was applied, as the keys store itself remembers it."""
TOMBSTONE = {
    "profile": "INSERT INTO guest (key_id, master) VALUES (?, '') ON CONFLICT DO UPDATE SET profile = NULL",
    "fiscal": "INSERT INTO guest (key_id, master) VALUES (?, '') ON CONFLICT DO UPDATE SET fiscal = NULL",
}
"""A key that this store never had leaves a stone too, so that it can never be kept."""


class Erasure(Struct, frozen=True):
    """A key that was destroyed, and when."""

    at: datetime
    purpose: Purpose
    key_id: UUID


def list_beside(keys_path: Path) -> Path:
    """Say where the erasure list of a keys store is."""
    return keys_path.with_suffix(".erasures")


def note(path: Path, erasures: Iterable[Erasure]) -> None:
    """Put erasures on the list and make them durable."""
    lines = "".join(f"{each.at.isoformat()} {each.purpose} {each.key_id}\n" for each in erasures)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        end = os.fstat(descriptor).st_size
        torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
        os.write(descriptor, (("\n" if torn else "") + lines).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        _make_name_durable(path.parent)


def read_erasures(path: Path, after: int = 0) -> tuple[list[Erasure], int]:
    """Read the list from a byte on: what it names, and up to which byte. A torn line is named in the log and left out.

    Only a power cut tears a line, and the key that it was to name was not destroyed before it was whole.
    """
    if not path.exists():
        return [], after
    with path.open("rb") as file:
        file.seek(after)
        whole = file.read()
    whole = whole[: whole.rfind(b"\n") + 1]
    found = []
    for line in whole.decode(errors="replace").splitlines():
        erasure = _erasure(line)
        if erasure is not None:
            found.append(erasure)
        elif line:
            logger.warning("%s holds a torn line: %r", path.name, line[:80])
    return found, after + len(whole)


def apply_erasures(keys_path: Path, erasure_list: Path | None = None) -> int:
    """Destroy in a keys store what the list names, without any master key; give how many keys were still there.

    Call it on a restored store before anything reads from it. The whole list is applied, whatever the store says of itself.
    """
    erasures, _ = read_erasures(erasure_list or list_beside(keys_path))
    file = KeysFile(keys_path)
    try:
        with file.writing() as connection:
            before = _alive(connection)
            bury(connection, erasures)
            destroyed = before - _alive(connection)
        file.scrub()
    finally:
        file.close()
    return destroyed


def bury(connection: sqlite3.Connection, erasures: Iterable[Erasure]) -> None:
    """Destroy keys inside the caller's transaction; a stone stays in their place."""
    for erasure in erasures:
        connection.execute(TOMBSTONE[erasure.purpose], [erasure.key_id.bytes])


def catch_up(connection: sqlite3.Connection, path: Path) -> bool:
    """Destroy, inside the caller's transaction, what the list names beyond the store's own mark; tell whether it named any."""
    row = connection.execute("SELECT value FROM mark WHERE name = ?", [MARK]).fetchone()
    applied = int(row[0]) if row else 0
    erasures, reached = read_erasures(path, applied)
    if reached == applied:
        return False
    bury(connection, erasures)
    connection.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", [MARK, reached])
    return True


def _alive(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(profile) + count(fiscal) FROM guest").fetchone()[0])


def _erasure(line: str) -> Erasure | None:
    try:
        at, purpose, key_id = line.split()
        return convert({"at": at, "purpose": purpose, "key_id": key_id}, Erasure)
    except ValueError:
        return None


def _make_name_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
