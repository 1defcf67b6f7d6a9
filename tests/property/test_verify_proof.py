"""The stand-alone program and the ledger write the same bytes, whatever stands in an event or a block."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ledger.leaf import leaf_bytes
from ledger.log import Row
from ledger.seal import Block, SignedBlock
from ops import verify_proof
from queries.proofs import event_json

instants = st.datetimes(timezones=st.just(UTC))
integers = st.integers(-(2**63), 2**63 - 1)
words = st.text(st.characters(exclude_categories=["Cs"]))
rows = st.builds(
    Row, position=integers, stream=st.uuids(), version=integers, topic=words, payload=st.binary(), occurred_at=instants,
    recorded_at=instants, command_id=st.none() | st.uuids(), command_index=integers, command_count=integers,
    correlation_id=st.none() | st.uuids(), cause_position=st.none() | integers, actor=words,
    business_date=st.none() | st.dates(),
)  # fmt: skip
hashes = st.binary(min_size=32, max_size=32)
blocks = st.builds(
    Block, version=st.just(1), property_code=words, number=integers, epoch=integers, first_position=integers,
    tree_size=integers, root=hashes, previous=hashes, sealed_at=instants, key_id=words,
)  # fmt: skip


@given(rows)
def test_events(row: Row) -> None:
    said = event_json(row)
    assert verify_proof.written(said, verify_proof.EVENT, verify_proof.MAY_BE_ABSENT) == leaf_bytes(row)


@given(blocks)
def test_blocks(block: Block) -> None:
    said = SignedBlock(block, b"").as_json()
    start = verify_proof.prefixed(b"nightledger.seal")
    assert start + verify_proof.written(said, verify_proof.BLOCK, set()) == block.content()


@given(rows, rows)
def test_no_two_events_have_the_same_bytes(one: Row, other: Row) -> None:
    assert (one == other) == (leaf_bytes(one) == leaf_bytes(other))


@given(instants)
def test_instants_are_told(moment: datetime) -> None:
    microseconds = SignedBlock(
        Block(version=1, property_code="", number=0, epoch=0, first_position=0, tree_size=0, root=b"", previous=b"",
              sealed_at=moment, key_id=""), b""
    ).as_json()["sealed_at"]  # fmt: skip
    assert datetime.fromisoformat(verify_proof.moment(microseconds)) == moment
