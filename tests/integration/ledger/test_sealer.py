"""The sealer on a real PostgreSQL: what its blocks cover, who may extend a chain, and what stops it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.leaf import leaf_hash
from ledger.log import Row
from ledger.merkle import Frontier
from ledger.seal import NO_BLOCK, SignedBlock, UnknownBlockVersion
from ledger.seal_key import SealKey
from ledger.sealer import CannotSeal, Sealer
from tests.integration.ledger.histories import BOOKING_EVENTS, NIGHTS, START, History, ask, write
from tests.integration.ledger.ledgers import Ledger

KEY, OTHER_KEY = SealKey(bytes(32)), SealKey(bytes(31) + b"\x01")
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def sealed(ledger: Ledger, key: SealKey = KEY, now: datetime = NOW, limit: int = 10_000) -> list[SignedBlock]:
    """Seal until nothing is new; give all blocks of the ledger."""

    async def run() -> list[SignedBlock]:
        sealer = Sealer(ledger.code, key)
        async with ledger.connection() as connection:
            while await sealer.seal(connection, now, limit):
                pass
            return await sealer.seals.after(connection, 0, 1000)

    return asyncio.run(run())


def root_of(ledger: Ledger, size: int) -> bytes:
    """Calculate the root from the rows, without tiles and without the database's help."""
    frontier = Frontier()
    for row in asyncio.run(ledger.rows())[:size]:
        frontier.add(leaf_hash(row))
    return frontier.root()


def test_blocks_are_chained_signed_and_cover_whole_commands(ledger: Ledger) -> None:
    history = History(ledger)
    history.happens(3)
    sealed(ledger, limit=4)
    head = history.happens(200)
    blocks = sealed(ledger, limit=500)
    assert [signed.block.number for signed in blocks] == list(range(1, len(blocks) + 1))
    assert blocks[0].block.previous == NO_BLOCK
    assert blocks[-1].block.tree_size == head
    for before, after in pairwise(blocks):
        assert after.block.previous == before.digest()
        assert after.block.first_position == before.block.tree_size + 1
    for signed in blocks:
        assert signed.is_signed_by(KEY.public)
        assert not signed.is_signed_by(OTHER_KEY.public)
        assert signed.block.tree_size % NIGHTS == 0, "a command was cut"
        assert signed.block.root == root_of(ledger, signed.block.tree_size)


@pytest.mark.parametrize(("limit", "ends"), [(1, [3, 6, 9, 12]), (3, [3, 6, 9, 12]), (4, [6, 12]), (11, [12]), (12, [12])])
def test_a_block_ends_with_the_command_that_reaches_its_limit(ledger: Ledger, limit: int, ends: list[int]) -> None:
    History(ledger).happens(2)
    assert [signed.block.tree_size for signed in sealed(ledger, limit=limit)] == ends


def test_nothing_new_nothing_sealed(ledger: Ledger) -> None:
    assert sealed(ledger) == []
    History(ledger).happens()
    assert len(sealed(ledger)) == 1
    assert len(sealed(ledger)) == 1


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by the strategy
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
ids, bigints = st.none() | st.uuids(), st.none() | st.integers(-(2**63), 2**63 - 1)
rows = st.builds(
    Row, position=st.just(0), stream=st.uuids(), version=st.integers(-(2**31), 2**31 - 1), topic=words, payload=st.binary(),
    occurred_at=moments, recorded_at=moments, command_id=ids, command_index=st.just(0), command_count=st.just(1),
    correlation_id=ids, cause_position=bigints, actor=words, business_date=st.none() | st.dates(),
)  # fmt: skip


@given(st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.stream))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_database_makes_the_same_leaves_as_we_do(ledger: Ledger, odd: list[Row]) -> None:
    """The sealer hashes what COPY gives, the auditor what it has read into Python: both must be the same bytes."""
    ledger.damage("TRUNCATE {schema}.events, {schema}.seals, {schema}.seal_tiles")
    write(ledger, [replace(row, position=number) for number, row in enumerate(odd, 1)])
    (signed,) = sealed(ledger)
    assert signed.block.root == root_of(ledger, len(odd))


def test_times_never_run_backwards(ledger: Ledger) -> None:
    history = History(ledger)
    history.happens()
    sealed(ledger, now=START - timedelta(days=1))
    history.happens()
    sealed(ledger, now=NOW)
    history.happens()
    times = [signed.block.sealed_at for signed in sealed(ledger, now=START)]
    assert times == [START + timedelta(seconds=NIGHTS), NOW, NOW]


def test_a_restore_is_sealed_also_without_an_event(ledger: Ledger) -> None:
    History(ledger).happens()
    sealed(ledger)
    ledger.damage("UPDATE {schema}.ledger SET epoch = epoch + 1")
    blocks = sealed(ledger)
    assert [(signed.block.epoch, signed.block.tree_size) for signed in blocks] == [(1, BOOKING_EVENTS), (2, BOOKING_EVENTS)]
    assert blocks[1].block.first_position == BOOKING_EVENTS + 1
    assert blocks[1].block.root == blocks[0].block.root
    assert sealed(ledger) == blocks


# —— Two at once ——————————————————————————————————————————————————————————————————————————————————————————————————————

ROUNDS = 20


def doubles(ledger: Ledger, sealers: int = 4) -> int:
    """Let several sealers run for every new booking; count the blocks too many."""

    async def run() -> int:
        history = History(ledger)
        for _ in range(ROUNDS):
            history.happens()
            await asyncio.gather(*(_seal_once(ledger) for _ in range(sealers)))
        async with ledger.connection() as connection:
            blocks = await Sealer(ledger.code, KEY).seals.after(connection, 0, 1000)
        return len(blocks) - len({signed.block.number for signed in blocks})

    return asyncio.run(run())


async def _seal_once(ledger: Ledger) -> None:
    async with ledger.connection() as connection:
        await Sealer(ledger.code, KEY).seal(connection, NOW)


def test_sealers_at_once_are_harmless(ledger: Ledger) -> None:
    assert doubles(ledger) == 0
    blocks = sealed(ledger)
    assert len(blocks) == ROUNDS
    assert blocks[-1].block.root == root_of(ledger, ROUNDS * BOOKING_EVENTS)
    assert all(after.block.previous == before.digest() for before, after in pairwise(blocks))


def test_without_unique_numbers_sealers_make_blocks_twice(ledger: Ledger) -> None:
    """The control: the same race, its guard removed."""
    ledger.damage("ALTER TABLE {schema}.seals DROP CONSTRAINT seals_pkey")
    found = doubles(ledger)
    print(f"{found} of {ROUNDS} blocks were made twice or more")
    assert found


# —— What stops it ————————————————————————————————————————————————————————————————————————————————————————————————————

AFTER_SEALING: list[tuple[str, str]] = [
    ("DELETE FROM {schema}.events WHERE position > 5", "block 1 has sealed 6 events, the log ends at 5"),
    ("DELETE FROM {schema}.seal_tiles WHERE level = 0 AND number = 0; INSERT INTO {schema}.seal_tiles VALUES (9, 0, '')",
     "tile 0 of level 0 holds 0 hashes"),
    ("UPDATE {schema}.seal_tiles SET hashes = set_byte(hashes, 0, 1 # get_byte(hashes, 0))", "do not give the root of block 1"),
    ("UPDATE {schema}.seals SET signature = set_byte(signature, 0, 1 # get_byte(signature, 0))", "the signature of block 1"),
    ("UPDATE {schema}.seals SET epoch = 7", "the signature of block 1"),
]  # fmt: skip
UNSEALED = [("DELETE FROM {schema}.events WHERE position = 8", 8), ("DELETE FROM {schema}.events WHERE position = 7", 7)]


@pytest.mark.parametrize(("statement", "said"), AFTER_SEALING, ids=lambda each: each[:40])
def test_a_broken_seal_is_not_carried_on(ledger: Ledger, statement: str, said: str) -> None:
    history = History(ledger)
    history.happens()
    before = sealed(ledger)
    history.happens()
    for each in statement.split("; "):
        ledger.damage(each)
    with pytest.raises(CannotSeal, match=said):
        sealed(ledger)
    assert len(ask(ledger, "SELECT FROM {schema}.seals")) == len(before)


@pytest.mark.parametrize(("statement", "position"), UNSEALED)
def test_a_hole_is_never_covered(ledger: Ledger, statement: str, position: int) -> None:
    history = History(ledger)
    history.happens()
    sealed(ledger)
    history.happens()
    ledger.damage(statement)
    with pytest.raises(CannotSeal, match=f"position {position} is missing"):
        sealed(ledger)
    assert len(ask(ledger, "SELECT FROM {schema}.seals")) == 1


def test_a_block_of_a_newer_release_stops_it(ledger: Ledger) -> None:
    history = History(ledger)
    history.happens()
    sealed(ledger)
    history.happens()
    ledger.damage("UPDATE {schema}.seals SET version = 2")
    with pytest.raises(UnknownBlockVersion, match="block 1 has version 2, this release knows 1: run the newer release"):
        sealed(ledger)


def test_tiles_that_were_removed_are_made_again(ledger: Ledger) -> None:
    """So it is after an import too: blocks come with the log, tiles do not."""
    history = History(ledger)
    history.happens(100)
    sealed(ledger)
    before = tiles(ledger)
    ledger.damage("TRUNCATE {schema}.seal_tiles")
    head = history.happens()
    assert sealed(ledger)[-1].block.root == root_of(ledger, head)
    assert {place: hashes[: len(before[place])] for place, hashes in tiles(ledger).items() if place in before} == before


def test_tiles_of_a_changed_log_are_not_made_again(ledger: Ledger) -> None:
    history = History(ledger)
    history.happens(10)
    sealed(ledger)
    ledger.damage("TRUNCATE {schema}.seal_tiles")
    ledger.damage("UPDATE {schema}.events SET actor = 'nobody' WHERE position = 5")
    history.happens()
    with pytest.raises(CannotSeal, match="do not give the root of block 1"):
        sealed(ledger)
    assert tiles(ledger) == {}


# —— Keys —————————————————————————————————————————————————————————————————————————————————————————————————————————————


def test_another_key_does_not_carry_on_a_chain(ledger: Ledger) -> None:
    history = History(ledger)
    history.happens()
    sealed(ledger)
    history.happens()
    with pytest.raises(CannotSeal, match=f"signed by the key {KEY.public.key_id}, SEAL_KEY is {OTHER_KEY.public.key_id}"):
        sealed(ledger, OTHER_KEY)


@pytest.mark.parametrize("author", [KEY, OTHER_KEY], ids=["the former", "the new"])
def test_only_the_new_keys_own_word_lets_it_follow(ledger: Ledger, author: SealKey) -> None:
    history = History(ledger)
    history.happens()
    sealed(ledger)
    history.happens()
    said = OTHER_KEY.follows(KEY.public.key_id, ledger.code)
    forged = author.sign(b"anything") if author is KEY else said.signature

    async def hand_over() -> None:
        async with ledger.connection() as connection:
            seals = Sealer(ledger.code, OTHER_KEY).seals
            await seals.keep_key(connection, type(said)(said.public_key, said.predecessor, forged))

    asyncio.run(hand_over())
    if author is KEY:
        with pytest.raises(CannotSeal, match="hand over with nightledger seal-key rotate"):
            sealed(ledger, OTHER_KEY)
    else:
        assert [signed.block.key_id for signed in sealed(ledger, OTHER_KEY)] == [KEY.public.key_id, OTHER_KEY.public.key_id]


def tiles(ledger: Ledger) -> dict[tuple[int, int], bytes]:
    found = ask(ledger, "SELECT level, number, hashes FROM {schema}.seal_tiles")
    return {(level, number): hashes for level, number, hashes in found}


def test_blocks_are_given_from_a_number_on_and_no_more_than_asked_for(ledger: Ledger) -> None:
    History(ledger).happens(2)
    assert len(sealed(ledger, limit=3)) == 4

    async def run(number: int, limit: int) -> list[int]:
        async with ledger.connection() as connection:
            blocks = await Sealer(ledger.code, KEY).seals.after(connection, number, limit)
            return [signed.block.number for signed in blocks]

    assert [asyncio.run(run(*asked)) for asked in ((0, 9), (1, 2), (3, 1), (4, 1))] == [[1, 2, 3, 4], [2, 3], [4], []]


def test_kept_leaves_are_counted(ledger: Ledger) -> None:
    async def run() -> int:
        async with ledger.connection() as connection:
            return await Sealer(ledger.code, KEY).seals.leaves(connection)

    assert asyncio.run(run()) == 0
    History(ledger).happens(50)
    assert asyncio.run(run()) == 0
    sealed(ledger)
    assert asyncio.run(run()) == 300


def test_an_epoch_opens_with_one_block_over_all_that_there_is(ledger: Ledger) -> None:
    history = History(ledger)
    history.happens(1)
    sealed(ledger, limit=3)
    ledger.damage("UPDATE {schema}.ledger SET epoch = 2")
    head = history.happens(3)
    assert [(signed.block.epoch, signed.block.tree_size) for signed in sealed(ledger, limit=3)] == [(1, 3), (1, 6), (2, head)]


def test_the_tree_is_grown_again_in_steps(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(ledger)
    history.happens(50)
    sealed(ledger)
    ledger.damage("DELETE FROM {schema}.seal_tiles")
    head = history.happens(1)
    monkeypatch.setattr("ledger.sealer.BLOCK_EVENTS", 7)
    assert sealed(ledger)[-1].block.root == root_of(ledger, head)
