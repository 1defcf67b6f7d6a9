"""A packed column is read back by psycopg's own readers as what it was: each type, its limits, its nulls, nothing at all."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.postgres import types
from psycopg.pq import Format

from ledger import packed
from ledger.packed import Packed
from tests.examples import NOW, named

Packer = Callable[[Sequence[Any]], Packed]
MILLENNIUM = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

COLUMNS: dict[str, tuple[Packer, str, list[Any]]] = {
    "uuids": (packed.uuids, "uuid", [UUID(int=0), None, UUID(int=2**128 - 1), named("stream")]),
    "integers": (packed.integers, "int4", [0, 1, -1, 255, 256, 2**31 - 1, -(2**31)]),
    "bigints": (packed.bigints, "int8", [0, None, 1, -1, 2**31, 2**63 - 1, -(2**63)]),
    "texts": (packed.texts, "text", ["", "a", "room-night.held.v1", "ශ්‍රී ලංකා", "x" * 70_000]),
    "blobs": (packed.blobs, "bytea", [b"", None, b"\0", bytes(range(256)), b"x" * 70_000]),
    "instants": (
        packed.instants, "timestamptz",
        [MILLENNIUM, MILLENNIUM - MICROSECOND, MILLENNIUM + MICROSECOND, MILLENNIUM + timedelta(days=1, seconds=1), NOW,
         datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)],
    ),
    "dates": (packed.dates, "date", [date(2000, 1, 1), None, date(1999, 12, 31), date(2000, 1, 2), date.min, date.max]),
}  # fmt: skip


def read(column: Packed, kind: str) -> Any:
    """Read a packed array as psycopg reads it from a server."""
    oid = types[kind].array_oid
    return Transformer().get_loader(oid, Format.BINARY).load(bytes(column))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_as_it_was(name: str) -> None:
    pack, kind, values = COLUMNS[name]
    assert read(pack(values), kind) == values
    for value in values:
        assert read(pack([value]), kind) == [value]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_nothing_is_empty(name: str) -> None:
    pack, kind, _ = COLUMNS[name]
    assert read(pack([]), kind) == []


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_sent_as_the_array_that_it_is(name: str) -> None:
    pack, kind, values = COLUMNS[name]
    for column in (pack(values), pack([])):
        dumper = Transformer().get_dumper(column, PyFormat.AUTO)
        assert (dumper.oid, dumper.format) == (types[kind].array_oid, Format.BINARY)
        assert dumper.dump(column) == bytes(column)


def test_an_array_of_a_type_is_framed_for_that_type() -> None:
    frame = packed._array_of("int4")
    column = frame([packed.INTEGER.pack(4, 7), packed.NULL])
    assert (read(column, "int4"), read(frame([]), "int4")) == ([7, None], [])
    assert bytes(frame([])) == bytes(packed.integers([])) == struct.pack(">iiI", 0, 0, 23)
    assert (
        bytes(frame([packed.INTEGER.pack(4, 7)]))
        == bytes(packed.integers([7]))
        == struct.pack(">iiIiiii", 1, 1, 23, 1, 1, 4, 7)
    )
    for each in (column, frame([])):
        dumper = Transformer().get_dumper(each, PyFormat.AUTO)
        assert (dumper.oid, dumper.format) == (types["int4"].array_oid, Format.BINARY)


def test_an_instant_is_the_same_in_every_zone() -> None:
    colombo = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert packed.instants([colombo]) == packed.instants([NOW])


@given(st.lists(st.datetimes(datetime(1, 1, 2), datetime(9998, 12, 31), timezones=st.just(UTC)), max_size=5))  # noqa: DTZ001 - bounds have no zone
def test_instants_are_kept_to_the_microsecond(moments: list[datetime]) -> None:
    assert read(packed.instants(moments), "timestamptz") == moments


def test_half_a_letter_is_an_error_and_not_another_letter() -> None:
    with pytest.raises(UnicodeEncodeError):
        packed.texts(["fine", "\ud83d"])
