"""The auditor against a seal that was damaged, forged or signed by others."""

from __future__ import annotations

import asyncio
from typing import LiteralString

import pytest

from ledger.leaf import leaf_hash
from ledger.seal import Block, SignedBlock, UnknownBlockVersion, signed
from ledger.seal_key import SealKey
from ledger.sealer import Sealer
from tests.integration.ledger.audits import HEAD, KEY, NOW, SEALED, THIEF, blocks_of, first, resigned, seal, verified
from tests.integration.ledger.histories import History
from tests.integration.ledger.ledgers import Ledger

SEAL_DAMAGE: list[tuple[LiteralString, int, str]] = [
    ("UPDATE {schema}.seals SET root = set_byte(root, 0, 1 # get_byte(root, 0)) WHERE number = 2", 7,
     "the signature of block 2"),
    ("UPDATE {schema}.seals SET epoch = 0 WHERE number = 3", 13, "block 3 has an epoch or a time before"),
    ("UPDATE {schema}.seals SET sealed_at = sealed_at + interval '1 day' WHERE number = 3", 13, "the signature of block 3"),
    ("UPDATE {schema}.seals SET tree_size = 17 WHERE number = 3", 13, "the signature of block 3"),
    ("DELETE FROM {schema}.seals WHERE number = 2", 13, "block 2 of the seal is missing"),
    ("DELETE FROM {schema}.seals WHERE number < 3", 13, "blocks 1 to 2 of the seal is missing"),
    ("DELETE FROM {schema}.seals WHERE number = 4", 19, "the seal has kept 24 leaves, but its last block ends at 18"),
    ("DELETE FROM {schema}.seals", 1, "the seal has kept 24 leaves, but its last block ends at 0"),
    ("UPDATE {schema}.seal_tiles SET hashes = set_byte(hashes, 320, 1 # get_byte(hashes, 320))", 11,
     "the event is as it was sealed, but the leaf hash kept of it was changed"),
    ("DELETE FROM {schema}.seal_tiles", 1, "the leaf hash that the seal keeps of it is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "position", "what"), SEAL_DAMAGE, ids=lambda each: str(each)[-60:])
def test_damage_of_the_seal_is_named(ledger: Ledger, history: History, damage: LiteralString, position: int, what: str) -> None:
    ledger.damage(damage)
    found, said = first(ledger)
    assert found == position
    assert what in said
    assert history.bookings


def test_an_event_changed_together_with_its_kept_hash_is_named_by_its_block(ledger: Ledger, history: History) -> None:
    """Who changes both leaves no trace of the position, but cannot sign the root that comes of it."""
    ledger.damage("UPDATE {schema}.events SET actor = 'staff' WHERE position = 9")
    leaves = asyncio.run(_leaves(ledger))
    ledger.damage(f"UPDATE {{schema}}.seal_tiles SET hashes = '\\x{leaves.hex()}' WHERE level = 0")  # noqa: S608 - hexadecimal
    assert first(ledger) == (7, "the events 7 to 12 do not give the root of block 2: one of them was changed, or the block")
    assert history.bookings


async def _leaves(ledger: Ledger) -> bytes:
    return b"".join(leaf_hash(row) for row in (await ledger.rows())[:SEALED])


@pytest.mark.parametrize("said_by_thief", [False, True])
def test_a_chain_signed_again_with_another_key_is_named(ledger: Ledger, history: History, said_by_thief: bool) -> None:
    ledger.damage("UPDATE {schema}.events SET actor = 'staff' WHERE position = 9")
    resigned(ledger, THIEF, said_by_thief=said_by_thief)
    assert first(ledger) == (1, f"block 1 is signed by the key {THIEF.public.key_id}, which nobody here trusts")
    assert history.bookings


def test_a_forged_block_at_the_end_is_named(ledger: Ledger, history: History) -> None:
    last = blocks_of(ledger)[-1]
    forged = Block(
        version=1, property_code=ledger.code, number=5, epoch=1, first_position=SEALED + 1, tree_size=HEAD, root=bytes(32),
        previous=last.digest(), sealed_at=last.block.sealed_at, key_id=KEY.public.key_id,
    )  # fmt: skip

    async def put() -> None:
        async with ledger.connection() as connection:
            await Sealer(ledger.code, KEY).seals.add(connection, SignedBlock(forged, THIEF.sign(forged.content())))

    asyncio.run(put())
    found = verified(ledger).findings
    assert (SEALED + 1, "the signature of block 5 does not hold: the block was changed or forged") in [
        (each.position, each.what) for each in found
    ]
    assert history.bookings


def test_a_key_that_was_handed_over_properly_is_trusted_backwards(ledger: Ledger, history: History) -> None:
    new = SealKey(b"\x08" * 32)

    async def hand_over() -> None:
        async with ledger.connection() as connection:
            await Sealer(ledger.code, new).seals.keep_key(connection, new.follows(KEY.public.key_id, ledger.code))

    asyncio.run(hand_over())
    seal(ledger, new)
    verdict = verified(ledger, key=new)
    assert verdict.holds, verdict.findings
    assert set(verdict.signed_by) == {KEY.public.key_id, new.public.key_id}
    assert not verified(ledger, key=KEY).holds, "the old key does not vouch for the new one"
    assert history.bookings


def test_a_former_key_does_not_sign_again(ledger: Ledger, history: History) -> None:
    new = SealKey(b"\x08" * 32)

    async def hand_over() -> None:
        async with ledger.connection() as connection:
            seals = Sealer(ledger.code, new).seals
            await seals.keep_key(connection, new.follows(KEY.public.key_id, ledger.code))
            await Sealer(ledger.code, new).seal(connection, NOW)
            last = await seals.last(connection)
            assert last
            block = Block(
                version=1, property_code=ledger.code, number=6, epoch=2, first_position=HEAD + 1, tree_size=HEAD,
                root=last.block.root, previous=last.digest(), sealed_at=NOW, key_id=KEY.public.key_id,
            )  # fmt: skip
            await seals.add(connection, signed(block, KEY))

    asyncio.run(hand_over())
    found = verified(ledger, key=new).findings
    assert [each.what for each in found] == [
        f"block 6 is signed by the key {KEY.public.key_id}, which does not follow {new.public.key_id}"
    ]
    assert history.bookings


def test_a_block_of_a_newer_release_is_named(ledger: Ledger, history: History) -> None:
    ledger.damage("UPDATE {schema}.seals SET version = 2 WHERE number = 3")
    with pytest.raises(UnknownBlockVersion, match="block 3 has version 2, this release knows 1: run the newer release"):
        verified(ledger)
    assert history.bookings


def test_upper_tiles_that_were_changed_are_named(ledger: Ledger) -> None:
    History(ledger).happens(50)
    seal(ledger, limit=10_000)
    assert verified(ledger).holds
    ledger.damage("UPDATE {schema}.seal_tiles SET hashes = set_byte(hashes, 0, 1 # get_byte(hashes, 0)) WHERE level = 1")
    found, said = first(ledger)
    assert found == 1
    assert said.startswith("tile 0 of level 1 (table seal_tiles) is not made of those below it")
