"""The bytes that are hashed: pinned for ever, and different for every difference."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import pytest
from msgspec.structs import replace

from ledger.leaf import leaf_bytes, leaf_hash, unix_microseconds
from ledger.log import Row

EVENT = Row(
    position=7,
    stream=UUID(int=1),
    version=2,
    topic="room-night.hold-requested.v1",
    payload=b'{"room":"101"}',
    occurred_at=datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
    recorded_at=datetime(2026, 3, 1, 12, 0, 0, 2, tzinfo=UTC),
    command_id=UUID(int=3),
    command_index=0,
    command_count=4,
    correlation_id=UUID(int=5),
    cause_position=6,
    actor="guest",
    business_date=date(2026, 3, 1),
)
BARE = replace(EVENT, command_id=None, correlation_id=None, cause_position=None, business_date=None)
OTHERWISE: list[tuple[str, object]] = [
    ("position", 8),
    ("stream", UUID(int=2)),
    ("version", 3),
    ("topic", "room-night.hold-requested.v2"),
    ("payload", b'{"room":"102"}'),
    ("occurred_at", EVENT.occurred_at + timedelta(microseconds=1)),
    ("recorded_at", EVENT.recorded_at - timedelta(microseconds=1)),
    ("command_id", None),
    ("command_index", 1),
    ("command_count", 5),
    ("correlation_id", None),
    ("cause_position", None),
    ("cause_position", 0),
    ("actor", ""),
    ("business_date", None),
]


def test_the_format_never_changes() -> None:
    """Written out by hand: seals, exports and proofs that exist rest on it."""
    expected = b"".join([
        b"\x00\x00\x00\x08" + (7).to_bytes(8, "big"),
        b"\x00\x00\x00\x10" + bytes(15) + b"\x01",
        b"\x00\x00\x00\x08" + (2).to_bytes(8, "big"),
        b"\x00\x00\x00\x1c" + b"room-night.hold-requested.v1",
        b"\x00\x00\x00\x0e" + b'{"room":"101"}',
        b"\x00\x00\x00\x08" + (1_772_366_400_000_001).to_bytes(8, "big"),
        b"\x00\x00\x00\x08" + (1_772_366_400_000_002).to_bytes(8, "big"),
        b"\x00\x00\x00\x10" + bytes(15) + b"\x03",
        b"\x00\x00\x00\x08" + bytes(8),
        b"\x00\x00\x00\x08" + (4).to_bytes(8, "big"),
        b"\x00\x00\x00\x10" + bytes(15) + b"\x05",
        b"\x00\x00\x00\x08" + (6).to_bytes(8, "big"),
        b"\x00\x00\x00\x05" + b"guest",
        b"\x00\x00\x00\x0a" + b"2026-03-01",
    ])  # fmt: skip
    assert leaf_bytes(EVENT) == expected
    assert leaf_hash(EVENT) == sha256(b"\x00" + expected).digest()


def test_what_is_absent_is_marked() -> None:
    assert leaf_bytes(BARE).count(b"\xff\xff\xff\xff") == 4
    assert leaf_bytes(BARE).endswith(b"\x00\x00\x00\x05guest\xff\xff\xff\xff")


@pytest.mark.parametrize(("column", "value"), OTHERWISE, ids=str)
def test_a_difference_in_any_column_is_a_different_leaf(column: str, value: object) -> None:
    assert leaf_bytes(replace(EVENT, **{column: value})) != leaf_bytes(EVENT)


def test_every_column_is_tried() -> None:
    assert {column for column, _ in OTHERWISE} == set(Row.__struct_fields__)


def test_an_absent_text_is_not_an_empty_one_nor_its_neighbours() -> None:
    moved = replace(EVENT, topic=EVENT.topic[:-1], payload=EVENT.topic[-1:].encode() + EVENT.payload)
    assert leaf_bytes(moved) != leaf_bytes(EVENT)
    assert leaf_bytes(replace(EVENT, payload=b"")) != leaf_bytes(EVENT)


def test_an_instant_is_the_same_in_every_time_zone() -> None:
    colombo = timezone(timedelta(hours=5, minutes=30))
    assert leaf_bytes(replace(EVENT, occurred_at=EVENT.occurred_at.astimezone(colombo))) == leaf_bytes(EVENT)


@pytest.mark.parametrize(
    ("moment", "microseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_799_999_999),
    ],
)
def test_microseconds_are_exact(moment: datetime, microseconds: int) -> None:
    assert unix_microseconds(moment) == microseconds
