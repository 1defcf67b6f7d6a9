"""Master keys: they wrap what the keys store holds. A process may have two of them while one takes over from the other."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.sealing import KEY_BYTES, NONCE_BYTES


class MasterKeyWrong(Exception):
    """The master key does not open the keys store. Names stay unreadable and nothing is written; what needs no name works."""


class MasterKey:
    """A key that wraps other keys. Its `key_id` tells it from others and tells nothing else about it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            message = (
                f"MASTER_KEY must be {KEY_BYTES} bytes in base64, not {len(secret)}: make one with `openssl rand -base64 32`"
            )
            raise ValueError(message)
        self._cipher = AESGCM(secret)
        self.secret = secret
        self.key_id = derived(secret, "key id")[:8].hex()

    @classmethod
    def from_text(cls, text: str) -> MasterKey:
        """Read a master key from base64. Raises ValueError."""
        return cls(b64decode(text, validate=True))

    @staticmethod
    def generate() -> str:
        """Make a new master key, in base64."""
        return b64encode(os.urandom(KEY_BYTES)).decode()

    def wrap(self, secret: bytes, bound: bytes) -> bytes:
        """Encrypt a secret for the store, bound to what it belongs to."""
        return self.wrap_all([(secret, bound)])[0]

    def wrap_all(self, secrets: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Encrypt (secret, what it is bound to) for the store; the nonces of all are drawn at once.

        Each draw lets go of the interpreter, and who makes keys beside a busy loop waits to get it back each time.
        """
        drawn = os.urandom(NONCE_BYTES * len(secrets))
        nonces = (drawn[start : start + NONCE_BYTES] for start in range(0, len(drawn), NONCE_BYTES))
        return [
            nonce + self._cipher.encrypt(nonce, secret, bound) for nonce, (secret, bound) in zip(nonces, secrets, strict=True)
        ]

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """Decrypt a secret from the store. Raises MasterKeyWrong."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
        except InvalidTag:
            message = "MASTER_KEY does not open the guests' keys: set the key that this keys store was made with"
            raise MasterKeyWrong(message) from None

    def derive(self, purpose: str) -> bytes:
        """Give a 32-byte secret for one purpose. What must outlive the master key comes from the store's root instead."""
        return derived(self.secret, purpose)


class MasterKeys:
    """The master keys at hand, read anew when the store asks for one that is not among them: it may just have been changed."""

    def __init__(self, read: Callable[[], Sequence[MasterKey]]) -> None:
        self._read = read
        self._known: dict[str, MasterKey] = {}
        self._look()

    @classmethod
    def of(cls, *masters: MasterKey) -> MasterKeys:
        """Have just these."""
        return cls(lambda: masters)

    @property
    def first(self) -> MasterKey:
        """The one that a new store is made with."""
        return next(iter(self._known.values()))

    def find(self, key_id: str) -> MasterKey:
        """Give the master key of an id. Raises MasterKeyWrong."""
        if key_id not in self._known:
            self._look()
        if key_id not in self._known:
            message = (
                f"MASTER_KEY does not open the guests' keys: they are wrapped by the master key {key_id or 'of another store'},"
                f" and this process has {', '.join(self._known)}. Set the key that belongs to this keys store"
            )
            raise MasterKeyWrong(message)
        return self._known[key_id]

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._known

    def _look(self) -> None:
        self._known = {master.key_id: master for master in self._read()}


def derived(secret: bytes, purpose: str) -> bytes:
    """Give the 32-byte secret for one purpose that follows from another secret (RFC 5869)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, None, purpose.encode()).derive(secret)
