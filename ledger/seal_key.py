"""The Ed25519 keys that sign the seal. A key id is the hash of the public key, so a public key cannot be exchanged unseen.

A new key says, signed, which key it follows: the only way in which a chain of blocks may change hands.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from msgspec import Struct

KEY_BYTES = 32
SUCCESSION = b"nightledger.seal-key.v1"
NOBODY = ""
"""The predecessor of the first key of a ledger."""


def length_prefixed(fields: Iterable[bytes]) -> bytes:
    """Put fields one behind the other, each with its length (4 bytes, big-endian) before it."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


class PublicKey(Struct, frozen=True):
    """The half of a seal key that everybody may know; 32 raw bytes."""

    raw: bytes

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """Read a public key from PEM or from base64 of its 32 bytes. Raises ValueError."""
        if "-----BEGIN" in text:
            key = load_pem_public_key(text.encode())
            if not isinstance(key, Ed25519PublicKey):
                message = "it is not an Ed25519 key"
                raise ValueError(message)
            return cls(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
        raw = b64decode(text.strip(), validate=True)
        if len(raw) != KEY_BYTES:
            message = f"it has {len(raw)} bytes, not {KEY_BYTES}"
            raise ValueError(message)
        return cls(raw)

    @property
    def text(self) -> str:
        """The key in base64."""
        return b64encode(self.raw).decode()

    @property
    def pem(self) -> str:
        """The key as other programs read it."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def key_id(self) -> str:
        """The fingerprint by which blocks name the key: half of its SHA-256, in 32 hexadecimal digits."""
        return sha256(self.raw).hexdigest()[:32]

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Tell whether a signature is this key's, over exactly this content."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


class Succession(Struct, frozen=True):
    """A key's own word that it follows another, or that it is the ledger's first (`predecessor` is `NOBODY`)."""

    public_key: PublicKey
    predecessor: str
    signature: bytes

    def holds(self, property_code: str) -> bool:
        """Tell whether the key itself has said this, about this property."""
        return self.public_key.has_signed(_succession(property_code, self.public_key, self.predecessor), self.signature)


class SealKey:
    """The secret that signs blocks."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            message = f"it must be {KEY_BYTES} bytes in base64, not {len(seed)}: make one with `openssl rand -base64 32`"
            raise ValueError(message)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def from_text(cls, text: str) -> SealKey:
        """Read a seal key from base64. Raises ValueError."""
        return cls(b64decode(text.strip(), validate=True))

    @staticmethod
    def generate() -> str:
        """Make a new seal key, in base64."""
        return b64encode(os.urandom(KEY_BYTES)).decode()

    def sign(self, content: bytes) -> bytes:
        """Give the 64-byte signature over some content."""
        return self._key.sign(content)

    def follows(self, predecessor: str, property_code: str) -> Succession:
        """Say that this key carries on the chain of another."""
        return Succession(self.public, predecessor, self.sign(_succession(property_code, self.public, predecessor)))


def trusted_keys(property_code: str, kept: Iterable[Succession], roots: Iterable[PublicKey]) -> dict[str, PublicKey]:
    """Give the keys that may have signed blocks, by id: the roots, and whom trusted keys say that they follow."""
    said = [each for each in kept if each.holds(property_code)]
    by_id = {each.public_key.key_id: each.public_key for each in said}
    trusted: dict[str, PublicKey] = {}
    waiting = list(roots)
    while waiting:
        key = waiting.pop()
        if key.key_id not in trusted:
            trusted[key.key_id] = key
            waiting += [by_id[each.predecessor] for each in said if each.public_key == key and each.predecessor in by_id]
    return trusted


def _succession(property_code: str, public_key: PublicKey, predecessor: str) -> bytes:
    return length_prefixed([SUCCESSION, property_code.encode(), public_key.raw, predecessor.encode()])
