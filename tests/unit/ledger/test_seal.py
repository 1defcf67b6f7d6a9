"""What a block's signature covers, pinned for ever, and who may sign after whom."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from ledger.seal import NO_BLOCK, Block, SignedBlock, UnknownBlockVersion, signed
from ledger.seal_key import NOBODY, PublicKey, SealKey, Succession, trusted_keys

KEY, NEW, NEWEST, THIEF = (SealKey(bytes([number]) * 32) for number in range(4))
BLOCK = Block(
    version=1, property_code="ella", number=3, epoch=2, first_position=11, tree_size=20, root=b"r" * 32, previous=b"p" * 32,
    sealed_at=datetime(2026, 3, 1, 12, tzinfo=UTC), key_id=KEY.public.key_id,
)  # fmt: skip
OTHERWISE: list[tuple[str, Any]] = [
    ("property_code", "kandy"), ("number", 4), ("epoch", 1), ("first_position", 12), ("tree_size", 21), ("root", NO_BLOCK),
    ("previous", NO_BLOCK), ("sealed_at", BLOCK.sealed_at + timedelta(microseconds=1)), ("key_id", NEW.public.key_id),
]  # fmt: skip


def test_the_signed_bytes_never_change() -> None:
    """Written out by hand: blocks, anchors and proofs that exist rest on it."""

    def field(content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + content

    integers = [field(number.to_bytes(8, "big")) for number in (1, 3, 2, 11, 20, 1_772_366_400_000_000)]
    expected = (
        field(b"nightledger.seal") + integers[0] + field(b"ella") + b"".join(integers[1:])
        + field(b"r" * 32) + field(b"p" * 32) + field(KEY.public.key_id.encode())
    )  # fmt: skip
    assert BLOCK.content() == expected
    assert SignedBlock(BLOCK, b"s").digest() == sha256(expected + b"s").digest()


def test_a_published_key_has_the_fingerprint_and_signature_that_anybody_gets() -> None:
    """RFC 8032, section 7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SealKey(seed)
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert key.public.key_id == sha256(key.public.raw).hexdigest()[:32]


@pytest.mark.parametrize(("field", "value"), OTHERWISE, ids=[field for field, _ in OTHERWISE])
def test_no_field_can_be_changed(field: str, value: Any) -> None:
    block = signed(BLOCK, KEY)
    assert block.is_signed_by(KEY.public)
    assert not SignedBlock(replace(BLOCK, **{field: value}), block.signature).is_signed_by(KEY.public)


def test_every_field_is_tried() -> None:
    assert {field for field, _ in OTHERWISE} | {"version"} == set(Block.__struct_fields__)


def test_a_signature_of_another_key_or_none_does_not_hold() -> None:
    assert not SignedBlock(BLOCK, THIEF.sign(BLOCK.content())).is_signed_by(KEY.public)
    assert not SignedBlock(BLOCK, THIEF.sign(BLOCK.content())).is_signed_by(THIEF.public), "the block names another key"
    assert not SignedBlock(BLOCK, b"").is_signed_by(KEY.public)


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(UnknownBlockVersion, match="block 3 has version 2, this release knows 1"):
        replace(BLOCK, version=2).content()


def test_a_block_as_json() -> None:
    block = signed(BLOCK, KEY)
    assert block.as_json() == {
        "version": 1, "property_code": "ella", "number": 3, "epoch": 2, "first_position": 11, "tree_size": 20,
        "root": "72" * 32, "previous": "70" * 32, "sealed_at": 1_772_366_400_000_000, "key_id": KEY.public.key_id,
        "signature": b64encode(block.signature).decode(),
    }  # fmt: skip


# —— Keys —————————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_a_public_key_is_read_as_base64_and_as_pem() -> None:
    assert PublicKey.from_text(f" {KEY.public.text}\n") == KEY.public
    assert PublicKey.from_text(KEY.public.pem) == KEY.public
    assert "BEGIN PUBLIC KEY" in KEY.public.pem


@pytest.mark.parametrize("text", ["", "x", "AAAA", b64encode(bytes(33)).decode(), "-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_public_key_of_no_use_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PublicKey.from_text(text)


def test_a_public_key_of_another_kind_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        PublicKey.from_text(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seal_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match=f"must be 32 bytes in base64, not {size}: make one with"):
        SealKey(bytes(size))


def test_a_made_key_is_another_each_time() -> None:
    assert SealKey.from_text(SealKey.generate()).public != SealKey.from_text(SealKey.generate()).public


def ids(*keys: SealKey) -> set[str]:
    return {key.public.key_id for key in keys}


FIRST = KEY.follows(NOBODY, "ella")
SECOND = NEW.follows(KEY.public.key_id, "ella")
THIRD = NEWEST.follows(NEW.public.key_id, "ella")


def test_a_key_vouches_for_those_it_follows() -> None:
    kept = [FIRST, SECOND, THIRD]
    assert set(trusted_keys("ella", kept, [NEWEST.public])) == ids(NEWEST, NEW, KEY)
    assert set(trusted_keys("ella", kept, [NEW.public])) == ids(NEW, KEY)
    assert set(trusted_keys("ella", kept, [KEY.public])) == ids(KEY)
    assert trusted_keys("ella", kept, []) == {}


@pytest.mark.parametrize(
    "claim",
    [
        Succession(NEW.public, KEY.public.key_id, THIEF.follows(KEY.public.key_id, "ella").signature),
        Succession(NEW.public, KEY.public.key_id, FIRST.signature),
        NEW.follows(KEY.public.key_id, "kandy"),
        NEW.follows(NOBODY, "ella"),
        THIEF.follows(NEW.public.key_id, "ella"),
    ],
    ids=["signed by a thief", "signed by the former", "of another property", "of no predecessor", "of a thief"],
)
def test_nobody_else_can_say_whom_a_key_follows(claim: Succession) -> None:
    assert set(trusted_keys("ella", [FIRST, claim], [NEW.public])) == ids(NEW)


def test_keys_that_follow_each_other_come_to_an_end() -> None:
    back = KEY.follows(NEW.public.key_id, "ella")
    assert set(trusted_keys("ella", [FIRST, SECOND, back], [KEY.public])) == ids(KEY, NEW)
