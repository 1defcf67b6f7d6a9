"""Signed tokens: small contents that only we can have written. Nothing is stored, and nothing in them is secret.

One hash each: a search signs a quote for every offer that it shows.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

import msgspec

T = TypeVar("T")
VERSION = "2."
"""How every token begins: another form of writing them will begin otherwise."""
SIGNATURE_BYTES = 16


class Tokens:
    """Writes and reads the tokens of one purpose; those of another purpose or installation are not ours."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, f"tokens of version 2 for {purpose}".encode(), "sha256")

    def write(self, content: object) -> str:
        """Sign a content."""
        return self._sign(msgspec.msgpack.encode(content))

    def read(self, token: str, kind: type[T]) -> T | None:
        """Give the content of a token that is, letter by letter, what we would write, or nothing."""
        try:
            packed = urlsafe_b64decode(f"{token.removeprefix(VERSION)}==")[:-SIGNATURE_BYTES]
            is_ours = hmac.compare_digest(self._sign(packed).encode(), token.encode())
        except ValueError:
            return None
        return msgspec.msgpack.decode(packed, type=kind) if is_ours else None

    def _sign(self, packed: bytes) -> str:
        signature = hmac.digest(self._key, packed, "sha256")[:SIGNATURE_BYTES]
        return VERSION + urlsafe_b64encode(packed + signature).rstrip(b"=").decode()
