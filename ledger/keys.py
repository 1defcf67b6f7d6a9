"""Guests' keys: personal fields are encrypted from the first event on, because a log cannot forget later.

Keys live outside the event cluster (a SQLite file unless told otherwise) and are wrapped by a master key. Destroying a
guest's key makes every field under it unreadable for ever; nothing else in the log changes.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealed(msgspec.Struct, frozen=True):
    """An encrypted personal field: which guest key opens it, and the box (nonce, then AES-256-GCM ciphertext)."""

    key_id: UUID
    box: bytes


class GuestKey(msgspec.Struct, frozen=True):
    """A guest's profile key. Lives in memory and, wrapped, in the keys store; nowhere else."""

    key_id: UUID
    secret: bytes

    def seal(self, value: Any, stream: UUID, version: int, field: str) -> Sealed:
        """Encrypt a JSON-able value, bound to the stream, version and field that will hold it."""
        nonce = os.urandom(NONCE_BYTES)
        plain = msgspec.json.encode(value)
        return Sealed(
            self.key_id, nonce + AESGCM(self.secret).encrypt(nonce, plain, _bound(self.key_id, stream, version, field))
        )


class MasterKeyWrong(Exception):
    """The master key does not open the keys store. Names stay unreadable; everything else works."""


class MasterKey:
    """The key that wraps guests' keys, and the root of the other secrets of the product."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            message = (
                f"MASTER_KEY must be {KEY_BYTES} bytes in base64, not {len(secret)}: make one with `openssl rand -base64 32`"
            )
            raise ValueError(message)
        self._secret = secret

    @classmethod
    def from_text(cls, text: str) -> MasterKey:
        """Read a master key from base64. Raises ValueError."""
        return cls(b64decode(text, validate=True))

    @staticmethod
    def generate() -> str:
        """Make a new master key, in base64."""
        return b64encode(os.urandom(KEY_BYTES)).decode()

    def derive(self, purpose: str) -> bytes:
        """Give the 32-byte secret for one purpose (RFC 5869)."""
        return HKDF(hashes.SHA256(), KEY_BYTES, None, purpose.encode()).derive(self._secret)

    def wrap(self, key: GuestKey) -> bytes:
        """Encrypt a guest's key for the store."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._secret).encrypt(nonce, key.secret, key.key_id.bytes)

    def unwrap(self, key_id: UUID, wrapped: bytes) -> GuestKey:
        """Decrypt a guest's key from the store. Raises MasterKeyWrong."""
        try:
            secret = AESGCM(self._secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_id.bytes)
        except InvalidTag:
            message = "MASTER_KEY does not open the guests' keys: set the key that this keys store was made with"
            raise MasterKeyWrong(message) from None
        return GuestKey(key_id, secret)


def new_guest_key(key_id: UUID) -> GuestKey:
    """Make a guest's key. It is durable only after `GuestKeys.keep`."""
    return GuestKey(key_id, os.urandom(KEY_BYTES))


class GuestKeys:
    """The keys store in a SQLite file. Every call opens its own connection, so threads and processes may share the file."""

    def __init__(self, path: Path, master: MasterKey) -> None:
        self._path = path
        self._master = master
        with closing(self._connect()) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS guest_key (key_id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID"
            )
        path.chmod(0o600)

    def keep(self, keys: Sequence[GuestKey]) -> None:
        """Make keys durable, all with one commit. A key that is there already stays as it is."""
        rows = [(key.key_id.bytes, self._master.wrap(key)) for key in keys]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT INTO guest_key VALUES (?, ?) ON CONFLICT DO NOTHING", rows)

    def find(self, key_id: UUID) -> GuestKey | None:
        """Give a key, or nothing when it was destroyed. Raises MasterKeyWrong."""
        with closing(self._connect()) as connection:
            row = connection.execute("SELECT wrapped FROM guest_key WHERE key_id = ?", (key_id.bytes,)).fetchone()
        return self._master.unwrap(key_id, row[0]) if row else None

    def read(self, sealed: Sealed, stream: UUID, version: int, field: str) -> Any:
        """Decrypt a field of an event, or give None when its key was destroyed. Raises MasterKeyWrong, InvalidTag."""
        key = self.find(sealed.key_id)
        if key is None:
            return None
        bound = _bound(key.key_id, stream, version, field)
        plain = AESGCM(key.secret).decrypt(sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:], bound)
        return msgspec.json.decode(plain)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10)
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def blind_index(secret: bytes, kind: str, day: str, value: str) -> str:
    """Give a keyed hash of a personal value for one day: the same value on another day cannot be linked to it."""
    digest = hashlib.blake2b(f"{kind}/{day}/{value.strip().casefold()}".encode(), key=secret, digest_size=16)
    return digest.hexdigest()


def _bound(key_id: UUID, stream: UUID, version: int, field: str) -> bytes:
    return b"\0".join((key_id.bytes, stream.bytes, str(version).encode(), field.encode()))
