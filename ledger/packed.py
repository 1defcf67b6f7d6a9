"""Arrays packed for PostgreSQL's binary protocol, a whole column at a time.

psycopg writes lists element by element in Python, which costs more than the append itself; these columns hold one known
type each, so that a batch is packed by a few joins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from struct import Struct
from uuid import UUID

from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Where PostgreSQL's binary timestamps and dates count from."""
EPOCH_DAY = EPOCH.date().toordinal()
NULL = b"\xff\xff\xff\xff"
HEADER = Struct(">iiIii")
EMPTY = Struct(">iiI")
LENGTH = Struct(">i")
INTEGER = Struct(">ii")
BIGINT = Struct(">iq")
UUID_LENGTH = LENGTH.pack(16)


class Packed(bytes):
    """A column as PostgreSQL reads it from the wire; a subclass for each array type."""

    __slots__ = ()


def uuids(column: Iterable[UUID | None]) -> Packed:
    """Pack a uuid[]."""
    return _UUID([NULL if value is None else UUID_LENGTH + value.int.to_bytes(16, "big") for value in column])


def integers(column: Iterable[int]) -> Packed:
    """Pack an integer[]."""
    pack = INTEGER.pack
    return _INTEGER([pack(4, value) for value in column])


def bigints(column: Iterable[int | None]) -> Packed:
    """Pack a bigint[]."""
    return _BIGINT([NULL if value is None else BIGINT.pack(8, value) for value in column])


def texts(column: Iterable[str]) -> Packed:
    """Pack a text[]. Raises UnicodeEncodeError for half a surrogate pair."""
    return _TEXT([_text(value) for value in column])


def blobs(column: Iterable[bytes | None]) -> Packed:
    """Pack a bytea[]."""
    length = LENGTH.pack
    return _BYTEA([NULL if value is None else length(len(value)) + value for value in column])


def instants(column: Iterable[datetime]) -> Packed:
    """Pack a timestamptz[] to the microsecond."""
    return _INSTANT([BIGINT.pack(8, _microseconds(value)) for value in column])


def dates(column: Iterable[date | None]) -> Packed:
    """Pack a date[]."""
    return _DATE([NULL if value is None else INTEGER.pack(4, value.toordinal() - EPOCH_DAY) for value in column])


@lru_cache(maxsize=1024)
def _text(value: str) -> bytes:
    """Pack a text; topics and actors are few."""
    encoded = value.encode()
    return LENGTH.pack(len(encoded)) + encoded


def _microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _array_of(name: str) -> Callable[[Sequence[bytes]], Packed]:
    """Make the function that frames packed elements of one type as a one-dimensional array, counted from 1."""
    kind = types[name]

    class Column(Packed):
        __slots__ = ()

    class ColumnDumper(Dumper):
        format = Format.BINARY
        oid = kind.array_oid

        def dump(self, obj: Packed) -> bytes:
            return obj

    adapters.register_dumper(Column, ColumnDumper)
    empty = Column(EMPTY.pack(0, 0, kind.oid))

    def frame(elements: Sequence[bytes]) -> Packed:
        return Column(HEADER.pack(1, 1, kind.oid, len(elements), 1) + b"".join(elements)) if elements else empty

    return frame


_UUID, _INTEGER, _BIGINT = _array_of("uuid"), _array_of("int4"), _array_of("int8")
_TEXT, _BYTEA = _array_of("text"), _array_of("bytea")
_INSTANT, _DATE = _array_of("timestamptz"), _array_of("date")
