"""Seal keys: read in two forms, refused when they are something else, and followed only by a key's own signed word."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from textwrap import dedent

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from ledger.seal_key import NOBODY, PublicKey, SealKey, Succession, length_prefixed, trusted_keys

OLD, NEW, OTHER = (SealKey(bytes([number]) * 32) for number in (1, 2, 3))
TEST_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
TEST_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""RFC 8032, section 7.1, the first test."""


def test_a_key_is_the_one_of_the_standard() -> None:
    assert SealKey(TEST_SEED).public.raw == TEST_PUBLIC
    assert SealKey(TEST_SEED).sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a")


def test_a_key_id_is_half_of_the_hash_of_the_public_key() -> None:
    assert SealKey(TEST_SEED).public.key_id == hashlib.sha256(TEST_PUBLIC).hexdigest()[:32]


def test_a_public_key_is_read_as_it_is_written() -> None:
    public = OLD.public
    assert PublicKey.from_text(public.text) == public
    assert PublicKey.from_text(f"  {public.text}\n") == public
    assert public.pem.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert PublicKey.from_text(public.pem) == public


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_another_length_is_not_a_key(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes"):
        PublicKey.from_text(b64encode(bytes(length)).decode())
    with pytest.raises(ValueError, match=rf"not {length}: .*openssl"):
        SealKey(bytes(length))


def test_a_key_of_another_kind_is_refused() -> None:
    other = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="Ed25519"):
        PublicKey.from_text(other.decode())


@pytest.mark.parametrize("text", ["no key", "AAAA!AAA", dedent("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----")])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        PublicKey.from_text(text)


def test_letters_that_are_not_base64_are_no_part_of_a_key() -> None:
    text = b64encode(bytes(32)).decode()
    for broken in (f"!{text}", f"{text[:4]}*{text[4:]}"):
        with pytest.raises(ValueError, match="base64"):
            PublicKey.from_text(broken)
        with pytest.raises(ValueError, match="base64"):
            SealKey.from_text(broken)


def test_a_made_key_is_new_and_readable() -> None:
    first, second = SealKey.generate(), SealKey.generate()
    assert first != second
    assert len(b64decode(first)) == 32
    assert SealKey.from_text(f" {first}\n").public == SealKey(b64decode(first)).public


def test_only_the_keys_own_signature_over_the_very_content_counts() -> None:
    signature = OLD.sign(b"block")
    assert OLD.public.has_signed(b"block", signature)
    assert not OLD.public.has_signed(b"block ", signature)
    assert not OLD.public.has_signed(b"block", signature[:-1])
    assert not OLD.public.has_signed(b"block", bytes(64))
    assert not NEW.public.has_signed(b"block", signature)
    assert not PublicKey(b"short").has_signed(b"block", signature)


def test_a_succession_holds_for_its_property_predecessor_and_key_only() -> None:
    said = NEW.follows(OLD.public.key_id, "ella")
    assert (said.public_key, said.predecessor) == (NEW.public, OLD.public.key_id)
    assert said.holds("ella")
    assert not said.holds("kandy")
    assert not replace(said, predecessor=OTHER.public.key_id).holds("ella")
    assert not replace(said, public_key=OTHER.public).holds("ella")
    assert not replace(said, signature=OLD.sign(b"")).holds("ella")


def test_the_words_of_a_succession_are_those_that_other_programs_check() -> None:
    words = length_prefixed([b"nightledger.seal-key.v1", b"ella", NEW.public.raw, OLD.public.key_id.encode()])
    assert NEW.public.has_signed(words, NEW.follows(OLD.public.key_id, "ella").signature)


def test_fields_have_their_length_before_them_so_that_none_can_move() -> None:
    assert length_prefixed([b"ab", b"", b"c"]) == b"\0\0\0\2ab\0\0\0\0\0\0\0\1c"
    assert length_prefixed([b"x" * 258])[:4] == b"\0\0\1\2"
    assert length_prefixed([b"ab", b"c"]) != length_prefixed([b"a", b"bc"])


FIRST = OLD.follows(NOBODY, "ella")
SECOND = NEW.follows(OLD.public.key_id, "ella")
THIRD = OTHER.follows(NEW.public.key_id, "ella")
FORGED = replace(SECOND, public_key=OTHER.public)


@pytest.mark.parametrize(
    ("kept", "root", "trusted"),
    [
        ([], OLD, [OLD]),
        ([FIRST], OLD, [OLD]),
        ([FIRST, SECOND], OLD, [OLD]),
        ([FIRST, SECOND], NEW, [OLD, NEW]),
        ([FIRST, SECOND, THIRD], OTHER, [OLD, NEW, OTHER]),
        ([THIRD, SECOND, FIRST], OTHER, [OLD, NEW, OTHER]),
        ([FIRST, THIRD], OTHER, [OTHER]),
        ([FIRST, SECOND, FORGED], OTHER, [OTHER]),
        ([FIRST, NEW.follows(OLD.public.key_id, "kandy")], NEW, [NEW]),
        ([OLD.follows(NEW.public.key_id, "ella"), SECOND], NEW, [OLD, NEW]),
    ],
)
def test_whoever_trusts_a_key_trusts_those_that_it_follows(
    kept: list[Succession], root: SealKey, trusted: list[SealKey]
) -> None:
    expected = {key.public.key_id: key.public for key in trusted}
    assert trusted_keys("ella", kept, [root.public]) == expected


def test_several_roots_are_trusted_beside_each_other() -> None:
    expected = {key.public.key_id: key.public for key in (OLD, NEW, OTHER)}
    for roots in ([NEW.public, OTHER.public], [OTHER.public, NEW.public]):
        assert trusted_keys("ella", [FIRST, SECOND], roots) == expected
