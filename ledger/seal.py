"""The blocks that seal a log: what a block says and how it is signed.

A block covers a contiguous range of positions and the root of the whole log's tree up to its end; it names the block before
it by hash. Making the next block is the sealer's part (`ledger/sealer.py`), looking for damage the auditor's (`ops/verify.py`).
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ledger.leaf import unix_microseconds
from ledger.seal_key import PublicKey, SealKey, length_prefixed

FORMAT = b"nightledger.seal"
VERSION = 1
NO_BLOCK = bytes(32)
"""What the first block names as the block before it."""


class UnknownBlockVersion(Exception):
    """A newer release sealed the log."""


class Block(Struct, frozen=True, kw_only=True):
    """What is signed. Positions count without a hole, so `tree_size` is also the last position covered.

    A block that only opens an epoch covers no event of its own: its first position is one beyond its tree.
    """

    version: int
    property_code: str
    number: int
    epoch: int
    first_position: int
    tree_size: int
    root: bytes
    previous: bytes
    sealed_at: datetime
    key_id: str

    def content(self) -> bytes:
        """Give the canonical bytes, which are signed. Raises UnknownBlockVersion."""
        if self.version != VERSION:
            message = f"block {self.number} has version {self.version}, this release knows {VERSION}: run the newer release"
            raise UnknownBlockVersion(message)
        counts = (self.number, self.epoch, self.first_position, self.tree_size, unix_microseconds(self.sealed_at))
        return length_prefixed(
            [
                FORMAT,
                VERSION.to_bytes(8, "big"),
                self.property_code.encode(),
                *(count.to_bytes(8, "big", signed=True) for count in counts),
                self.root,
                self.previous,
                self.key_id.encode(),
            ]
        )


class SignedBlock(Struct, frozen=True):
    """A block with the signature over its content."""

    block: Block
    signature: bytes

    def digest(self) -> bytes:
        """Give the hash by which the next block names this one."""
        return sha256(self.block.content() + self.signature).digest()

    def is_signed_by(self, key: PublicKey) -> bool:
        """Tell whether this is the key's signature over this very block."""
        return key.key_id == self.block.key_id and key.has_signed(self.block.content(), self.signature)

    def as_json(self) -> dict[str, Any]:
        """Write the block for others: hashes in hexadecimal, the signature in base64, the instant in microseconds UTC."""
        fields = asdict(self.block)
        return {
            **fields,
            "root": self.block.root.hex(),
            "previous": self.block.previous.hex(),
            "sealed_at": unix_microseconds(self.block.sealed_at),
            "signature": b64encode(self.signature).decode(),
        }


def signed(block: Block, key: SealKey) -> SignedBlock:
    """Sign a block with the key that it names."""
    return SignedBlock(block, key.sign(block.content()))
