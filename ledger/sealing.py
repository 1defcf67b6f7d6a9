"""Sealing personal fields under a guest's own keys: what an event holds instead of a name, and the keys that open it.

Where the keys live and who may read them is in `keys`; nothing here touches a disk.
"""

from __future__ import annotations

import os
from struct import Struct as Unpacker
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
ID_BYTES_ALIKE = 8
FRESH = Unpacker(f"{16 - ID_BYTES_ALIKE}s{KEY_BYTES}s{KEY_BYTES}s")
"""What is random about a new guest's keys: the end of their id, and both keys."""
NO_VERSION = 0
"""What such a box is bound to in the place of a version."""
Purpose = Literal["profile", "fiscal"]
"""What a key is for: `profile` goes when the guest asks, `fiscal` stays as long as the law wants it and then goes too."""


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """An encrypted personal field: which guest's keys open it, and the box (nonce, then AES-256-GCM ciphertext)."""

    key_id: UUID
    box: bytes


class GuestKey(msgspec.Struct, frozen=True):
    """A guest's two keys under one id; one that was destroyed is None. In memory and, wrapped, in the store; nowhere else."""

    key_id: UUID
    profile: bytes | None
    fiscal: bytes | None

    def seal(self, value: Any, stream: UUID, version: int, field: str) -> Sealed:
        """Encrypt a JSON-able value, bound to the stream, version and field that hold it. Raises ValueError without its key."""
        secret = self._secret(field)
        if secret is None:
            message = f"the {purpose_of(field)} key of guest {self.key_id} was destroyed: nothing can be sealed under it"
            raise ValueError(message)
        nonce = os.urandom(NONCE_BYTES)
        plain = msgspec.json.encode(value)
        return Sealed(self.key_id, nonce + AESGCM(secret).encrypt(nonce, plain, _bound(self.key_id, stream, version, field)))

    def open(self, sealed: Sealed, stream: UUID, version: int, field: str) -> Any:
        """Decrypt a field of an event, or give None when its key was destroyed. Raises InvalidTag."""
        secret = self._secret(field)
        if secret is None:
            return None
        nonce, box = sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:]
        return msgspec.json.decode(AESGCM(secret).decrypt(nonce, box, _bound(self.key_id, stream, version, field)))

    def secrets(self) -> tuple[tuple[Purpose, bytes | None], ...]:
        """Give both keys, each with what it is for."""
        return ("profile", self.profile), ("fiscal", self.fiscal)

    def _secret(self, field: str) -> bytes | None:
        return self.fiscal if purpose_of(field) == "fiscal" else self.profile


def purpose_of(field: str) -> Purpose:
    """Say which of a guest's keys seals an event's field: the one called fiscal its own, every other the profile key."""
    return "fiscal" if field == "fiscal" else "profile"


def added_by(command_id: UUID, field: str) -> str:
    """Name a field as its box is bound to it in an event whose version is not known ahead: by the command that adds it."""
    return f"{field}/{command_id}"


def new_guest_keys(count: int) -> list[GuestKey]:
    """Make the keys of guests to come. They are durable only after `GuestKeys.keep`.

    Their random ids begin alike, so that a store in order of id writes a few pages for all of them, not one for each.
    """
    beginning = uuid4().bytes[:ID_BYTES_ALIKE]
    return [
        GuestKey(UUID(bytes=beginning + ending, version=4), profile, fiscal)
        for ending, profile, fiscal in FRESH.iter_unpack(os.urandom(FRESH.size * count))
    ]


def new_guest_key(key_id: UUID) -> GuestKey:
    """Make a guest's keys under an id. They are durable only after `GuestKeys.keep`."""
    secrets = os.urandom(2 * KEY_BYTES)
    return GuestKey(key_id, secrets[:KEY_BYTES], secrets[KEY_BYTES:])


def _bound(key_id: UUID, stream: UUID, version: int, field: str) -> bytes:
    return b"\0".join((key_id.bytes, stream.bytes, str(version).encode(), field.encode()))
