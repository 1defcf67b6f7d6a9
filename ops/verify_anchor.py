"""Anchors: signed heads that were put away outside. Read from a file, and held against a log that was walked through."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert

from ledger.seal import VERSION, Block, SignedBlock
from ledger.seal_key import PublicKey
from ops.settings import BadConfiguration
from ops.verify_blocks import ChainCheck, Trust
from ops.verify_findings import Findings
from queries.proofs import ANCHOR_FORMAT

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


Count = Annotated[int, Meta(ge=0, le=2**62)]


class Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed block as `SignedBlock.as_json` writes it."""

    version: Count
    property_code: str
    number: Count
    epoch: Count
    first_position: Count
    tree_size: Count
    root: str
    previous: str
    sealed_at: Count
    key_id: str
    signature: str


class AnchorFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `nightledger anchor` writes (`queries/proofs.py`)."""

    format: str
    head: Written
    public_key: str


def read_anchor(path: Path, property_code: str) -> SignedBlock:
    """Read an anchor of this property and check its own signature. Raises BadConfiguration, which names file and field."""
    try:
        written = convert(json.loads(path.read_text()), AnchorFile)
        if written.format != ANCHOR_FORMAT:
            raise _bad(path, f"its format is {written.format!r}, this release knows {ANCHOR_FORMAT}")
        if written.head.version != VERSION:
            raise _bad(
                path, f"its block has version {written.head.version}, this release knows {VERSION}: run the newer release"
            )
        signed, key = signed_block(written.head), PublicKey.from_text(written.public_key)
    except OSError as gone:
        raise _bad(path, f"it cannot be read ({gone.strerror})") from None
    except (ValidationError, ValueError, OverflowError) as wrong:
        raise _bad(path, f"it is cut off or was changed ({wrong}): take another copy") from None
    if signed.block.property_code != property_code:
        raise _bad(path, f"it is of the property {signed.block.property_code}, not of {property_code}: name the right one")
    if not signed.is_signed_by(key):
        raise _bad(path, f"its signature by the key {signed.block.key_id} does not hold: it was changed, take another copy")
    return signed


def signed_block(written: Written) -> SignedBlock:
    """Give the block again that was written. Raises ValueError for what is no hexadecimal, base64 or instant."""
    try:
        signature = b64decode(written.signature, validate=True)
    except binascii.Error as wrong:
        message = f"signature: {wrong}"
        raise ValueError(message) from None
    block = Block(
        version=written.version, property_code=written.property_code, number=written.number, epoch=written.epoch,
        first_position=written.first_position, tree_size=written.tree_size, root=bytes.fromhex(written.root),
        previous=bytes.fromhex(written.previous), sealed_at=UNIX_EPOCH + timedelta(microseconds=written.sealed_at),
        key_id=written.key_id,
    )  # fmt: skip
    return SignedBlock(block, signature)


def check_trust(anchor: SignedBlock, trust: Trust) -> None:
    """Raises BadConfiguration when nobody here trusts the key that signed an anchor."""
    key = trust.key(anchor.block.key_id)
    if key is None:
        message = f"the anchor is signed by the key {anchor.block.key_id}, which nobody here trusts: name it with --public-key"
        raise BadConfiguration(message)


def check_anchor(
    anchor: SignedBlock, *, head: int, epoch: int, chain: ChainCheck, root: bytes | None, findings: Findings
) -> None:
    """Hold an anchor against a log and its blocks; `root` is the log's root at the anchor's size, as far as it goes."""
    block, sealed = anchor.block, chain.last.block.tree_size if chain.last else 0
    name = f"the anchor (block {block.number}, {block.tree_size} events)"
    if block.epoch > epoch:
        findings.add(None, f"{name} is of epoch {block.epoch}, this ledger of epoch {epoch}: it is an older copy")
    opened = min((size for number, size in chain.opened.items() if number > block.epoch), default=None)
    if opened is not None and block.tree_size > opened:
        left_out = block.tree_size - opened
        findings.add(opened + 1, f"a restore opened a new epoch here; {name} knows {left_out} events that it left out")
    elif head < block.tree_size:
        findings.add(head + 1, f"{name} knows the events from here on, and they are missing: the tail of the log is cut")
    elif root != block.root:
        findings.add(None, f"the first {block.tree_size} events are not those that {name} has signed")
    if opened is None and chain.has_anchor is None:
        findings.add(sealed + 1, f"{name} is not in the seal: the blocks from here on were removed")
    elif chain.has_anchor is False:
        findings.add(block.first_position, f"block {block.number} is not the one of {name}: it was replaced or made again")


def _bad(path: Path, why: str) -> BadConfiguration:
    return BadConfiguration(f"the anchor {path} is of no use: {why}")
