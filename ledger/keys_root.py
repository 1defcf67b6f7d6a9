"""The root of the keys store and its master key: made once, wrapped anew when the master key changes, never changed itself.

Links, fingerprints and blind indexes come from the root, so that they outlive every master key.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from ledger.keys_file import KeysFile
from ledger.master_key import MasterKey, MasterKeys
from ledger.sealing import KEY_BYTES, Purpose

ROOT = "root"
CHUNK = 1000
"""Keys that are wrapped anew in one transaction; writers wait no longer than that takes."""


class Rotated(Struct, frozen=True):
    """What a rotation did: guests whose keys were wrapped anew, and those whose master key is not at hand."""

    rewrapped: int
    foreign: int


def root_of(connection: sqlite3.Connection) -> tuple[bytes, str] | None:
    """Give the wrapped root and the id of the master key that wraps it, and therefore every new key."""
    row: tuple[bytes, str] | None = connection.execute("SELECT wrapped, master FROM secret WHERE name = ?", [ROOT]).fetchone()
    return row


def master_of(connection: sqlite3.Connection, masters: MasterKeys) -> MasterKey:
    """Give the master key that the store is under. Raises MasterKeyWrong."""
    row = root_of(connection)
    return masters.find(row[1] if row else "")


def begin(connection: sqlite3.Connection, master: MasterKey) -> None:
    """Give a new store its root; one that an earlier release made keeps its keys and the secrets that it derived."""
    earlier = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'guest_key'").fetchone()
    if not earlier:
        _put_root(connection, master, os.urandom(KEY_BYTES))
        return
    for key_id, wrapped in connection.execute("SELECT key_id, wrapped FROM guest_key LIMIT 1"):
        master.unwrap(wrapped, key_id)
    _put_root(connection, master, master.secret)
    connection.execute("INSERT INTO guest (key_id, profile, master) SELECT key_id, wrapped, ? FROM guest_key", [master.key_id])
    connection.execute("DROP TABLE guest_key")


def begin_anew(file: KeysFile, masters: MasterKeys, master: MasterKey) -> None:
    """Go on under another master key after the old one was lost: what it wrapped stays unreadable, old links end.

    Raises ValueError while the old one is at hand.
    """
    with file.writing() as connection:
        row = root_of(connection)
        if row is not None and row[1] in masters:
            message = f"the master key {row[1]} of this keys store is at hand: rotate it instead"
            raise ValueError(message)
        _put_root(connection, master, os.urandom(KEY_BYTES))


def rotate(file: KeysFile, masters: MasterKeys, new: MasterKey, report: Callable[[int], None]) -> Rotated:
    """Wrap everything under a new master key: the root first, so that new keys follow at once, then guest by guest.

    Killed anywhere it goes on where it was. `report` is told how many guests are done. Raises MasterKeyWrong.
    """
    with file.writing() as connection:
        old = master_of(connection, masters)
        wrapped = root_of(connection)
        if old.key_id != new.key_id and wrapped is not None:
            _put_root(connection, new, old.unwrap(wrapped[0], ROOT.encode()))
    done = foreign = 0
    last: bytes | None = b""
    while last is not None:
        with file.writing() as connection:
            moved, strange, last = _rewrap_some(connection, masters, new, last)
        done, foreign = done + moved, foreign + strange
        report(done)
    with file.writing() as connection:
        _rewrap_leaving(connection, masters, new)
    file.scrub()
    return Rotated(done, foreign)


def bound_to(key_id: UUID, purpose: Purpose) -> bytes:
    """Say what a wrapped key belongs to."""
    return key_id.bytes + (b"" if purpose == "profile" else purpose.encode())


def _put_root(connection: sqlite3.Connection, master: MasterKey, root: bytes) -> None:
    row = [ROOT, master.wrap(root, ROOT.encode()), master.key_id]
    connection.execute("INSERT OR REPLACE INTO secret VALUES (?, ?, ?)", row)


def _rewrap_some(
    connection: sqlite3.Connection, masters: MasterKeys, new: MasterKey, after: bytes
) -> tuple[int, int, bytes | None]:
    """Wrap the next keys anew: (how many, how many could not be, the last one looked at or None at the end)."""
    rows = connection.execute(
        "SELECT key_id, profile, fiscal, master FROM guest WHERE key_id > ? ORDER BY key_id LIMIT ?", [after, CHUNK]
    ).fetchall()
    strange = 0
    moved = []
    for key_id, profile, fiscal, master_id in rows:
        if master_id == new.key_id or (profile is None and fiscal is None):
            continue
        if master_id not in masters:
            strange += 1
            continue
        old = masters.find(master_id)
        guest = UUID(bytes=key_id)
        moved.append((
            _again(old, new, profile, bound_to(guest, "profile")), _again(old, new, fiscal, bound_to(guest, "fiscal")),
            new.key_id, key_id,
        ))  # fmt: skip
    connection.executemany("UPDATE guest SET profile = ?, fiscal = ?, master = ? WHERE key_id = ?", moved)
    return len(moved), strange, rows[-1][0] if rows else None


def _rewrap_leaving(connection: sqlite3.Connection, masters: MasterKeys, new: MasterKey) -> None:
    for key_id, address, master_id in connection.execute("SELECT key_id, address, master FROM leaving").fetchall():
        if master_id in masters:
            again = _again(masters.find(master_id), new, address, key_id)
            connection.execute("UPDATE leaving SET address = ?, master = ? WHERE key_id = ?", [again, new.key_id, key_id])


def _again(old: MasterKey, new: MasterKey, wrapped: bytes | None, bound: bytes) -> bytes | None:
    """Wrap anew; what was destroyed stays so. Raises MasterKeyWrong for a damaged store."""
    return new.wrap(old.unwrap(wrapped, bound), bound) if wrapped is not None else None
