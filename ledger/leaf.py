"""The bytes of a stored event that the seal, the export and the proofs hash: every column, so that none can change unseen.

Each field is a length (4 bytes, big-endian) and so many bytes; an absent value has the length 0xFFFFFFFF and no bytes, which
no present value can have. Fields stand in the order of the columns of `ledger.log.Row`. Integers have 8 bytes (big-endian,
signed), ids 16, instants are integers: UTC microseconds since 1970; text is UTF-8, a date is `YYYY-MM-DD`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from struct import Struct
from uuid import UUID

from ledger.log import Row

LEAF_PREFIX = b"\x00"
"""Says that what follows is a leaf, so that no inner node of a tree can pass for one. Source: RFC 6962, section 2.1."""

LEAF_HASH = """
    sha256('\\x00'::bytea
        || int4send(8) || int8send(position)
        || int4send(16) || uuid_send(stream)
        || int4send(8) || int8send(version)
        || int4send(octet_length(topic)) || convert_to(topic, 'UTF8')
        || int4send(octet_length(payload)) || payload
        || int4send(8) || int8send((extract(epoch FROM occurred_at) * 1000000)::bigint)
        || int4send(8) || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
        || coalesce(int4send(16) || uuid_send(command_id), int4send(-1))
        || int4send(8) || int8send(command_index)
        || int4send(8) || int8send(command_count)
        || coalesce(int4send(16) || uuid_send(correlation_id), int4send(-1))
        || coalesce(int4send(8) || int8send(cause_position), int4send(-1))
        || int4send(octet_length(actor)) || convert_to(actor, 'UTF8')
        || coalesce(int4send(10) || convert_to(to_char(business_date, 'YYYY-MM-DD'), 'UTF8'), int4send(-1)))
"""
"""The same as `leaf_hash`, worked out by PostgreSQL: whoever seals needs 32 bytes of an event and not the whole of it.

Lengths are those of the database's encoding, UTF-8. An audit works them out in Python, so that both must agree.
"""

_ABSENT = b"\xff\xff\xff\xff"
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MICROSECONDS = 86_400_000_000
_LENGTH = Struct(">I")
_INTEGER = Struct(">Iq")
_PAIR = Struct(">IqIq")
_OPENING = Struct(">IqI16sIqI")


def leaf_bytes(row: Row) -> bytes:
    """Give the canonical bytes of a stored event. Two rows that differ in any column have different bytes."""
    topic, actor = row.topic.encode(), row.actor.encode()
    return b"".join(
        (
            _OPENING.pack(8, row.position, 16, row.stream.bytes, 8, row.version, len(topic)),
            topic,
            _LENGTH.pack(len(row.payload)),
            row.payload,
            _PAIR.pack(8, unix_microseconds(row.occurred_at), 8, unix_microseconds(row.recorded_at)),
            _id(row.command_id),
            _PAIR.pack(8, row.command_index, 8, row.command_count),
            _id(row.correlation_id),
            _ABSENT if row.cause_position is None else _INTEGER.pack(8, row.cause_position),
            _LENGTH.pack(len(actor)),
            actor,
            _ABSENT if row.business_date is None else _LENGTH.pack(10) + row.business_date.isoformat().encode(),
        )
    )


def leaf_hash(row: Row) -> bytes:
    """Hash a stored event as a leaf of an RFC 6962 tree: 32 bytes."""
    return sha256(LEAF_PREFIX + leaf_bytes(row)).digest()


def unix_microseconds(moment: datetime) -> int:
    """Count the microseconds from 1970-01-01T00:00Z to an aware instant, exactly."""
    since = moment - _UNIX_EPOCH
    return since.days * _DAY_MICROSECONDS + since.seconds * 1_000_000 + since.microseconds


def _id(value: UUID | None) -> bytes:
    return _ABSENT if value is None else b"\x00\x00\x00\x10" + value.bytes
