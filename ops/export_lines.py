"""The lines of an exported log: one JSON object each, keys sorted, every stored column, and a hash of its own.

A payload stands in its line byte for byte when it is JSON that fits there, otherwise as base64: what was hashed and sealed
comes back exactly. Nothing is read or written here; docs/adr/0011-export-format.md says why it looks like this.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from ledger.leaf import leaf_hash
from ledger.log import Row
from queries.access import Listed

FORMAT = "nightledger-log"
FORMAT_VERSION = 1
"""Raised when a reader of this version could misread the file."""

_ENCODE = msgspec.json.Encoder(order="sorted").encode


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="kind"):
    """One line of the file; `kind` says which."""


class Hashed(Line, frozen=True, kw_only=True):
    """A line that is no leaf of the seal: `hash` is the SHA-256 (hex) of the line as it is written without it."""

    hash: str = ""


class PropertyLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a server needs to know to open the property before its log is there."""

    code: str
    currency: str
    scratch: bool
    time_zone: str

    @property
    def listed(self) -> Listed:
        """Give it as the registry of properties holds it."""
        return Listed(self.code, self.time_zone, self.currency, self.scratch)


class Header(Line, frozen=True, kw_only=True, tag="header"):
    """The first line. `decoded` files show events as this release understands them: for reading, not for import."""

    format: str
    format_version: int
    property: PropertyLine
    epoch: int
    first_position: int
    last_position: int
    release: str
    schema_version: int
    decoded: bool = False


class EventLine(Line, frozen=True, kw_only=True, tag="event"):
    """A stored event, all columns; `hash` is its leaf in the seal's tree (hex)."""

    position: int
    stream: UUID
    version: int
    topic: str
    occurred_at: str
    recorded_at: str
    command_index: int
    command_count: int
    actor: str
    hash: str
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    payload_base64: str | None = None
    command_id: UUID | None = None
    correlation_id: UUID | None = None
    cause_position: int | None = None
    business_date: date | None = None

    @property
    def row(self) -> Row:
        """Give the row as it stood in the table. Raises ValueError for an impossible instant or base64."""
        return Row(
            self.position, self.stream, self.version, self.topic, exact(self.payload, self.payload_base64),
            datetime.fromisoformat(self.occurred_at), datetime.fromisoformat(self.recorded_at),
            self.command_id, self.command_index, self.command_count, self.correlation_id, self.cause_position,
            self.actor, self.business_date,
        )  # fmt: skip


class OutcomeLine(Hashed, frozen=True, kw_only=True, tag="outcome"):
    """The recorded answer to a command, by which a repeated one is known."""

    command_id: UUID
    fingerprint: str
    actor: str
    recorded_at: str
    position: int
    outcome: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    outcome_base64: str | None = None

    @property
    def columns(self) -> tuple[Any, ...]:
        """Give the row as it stood in the table. Raises ValueError for an impossible instant, hex or base64."""
        return (
            self.command_id, bytes.fromhex(self.fingerprint), self.actor, datetime.fromisoformat(self.recorded_at),
            self.position, exact(self.outcome, self.outcome_base64),
        )  # fmt: skip


class Trailer(Line, frozen=True, kw_only=True, tag="trailer"):
    """The last line: how many lines of each kind there are, and the SHA-256 (hex) of all bytes before this line."""

    counts: dict[str, int]
    sha256: str


def encoded(line: Line) -> bytes:
    """Write a line, with its newline."""
    return _ENCODE(line) + b"\n"


def event_line(row: Row) -> EventLine:
    """Give the line of a stored event."""
    return EventLine(
        position=row.position, stream=row.stream, version=row.version, topic=row.topic,
        occurred_at=instant(row.occurred_at), recorded_at=instant(row.recorded_at),
        command_id=row.command_id, command_index=row.command_index, command_count=row.command_count,
        correlation_id=row.correlation_id, cause_position=row.cause_position, actor=row.actor,
        business_date=row.business_date, hash=leaf_hash(row).hex(), **held("payload", row.payload),
    )  # fmt: skip


def outcome_line(
    command_id: UUID, fingerprint: bytes, actor: str, recorded_at: datetime, position: int, outcome: bytes
) -> OutcomeLine:
    """Give the line of a recorded outcome."""
    line = OutcomeLine(
        command_id=command_id, fingerprint=fingerprint.hex(), actor=actor, recorded_at=instant(recorded_at),
        position=position, **held("outcome", outcome),
    )  # fmt: skip
    return replace(line, hash=own_hash(line))


def own_hash(line: Hashed) -> str:
    """Give the hash that a line must have."""
    return sha256(_ENCODE(replace(line, hash=""))).hexdigest()


def instant(moment: datetime) -> str:
    """Write an instant in UTC with all six digits of its microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def held(name: str, stored: bytes) -> Mapping[str, Any]:
    """Say under which name a line holds some bytes: as they are when they are JSON of one line, otherwise in base64."""
    if fits(stored):
        return {name: msgspec.Raw(stored)}
    return {f"{name}_base64": b64encode(stored).decode()}


def exact(raw: msgspec.Raw | msgspec.UnsetType, base64: str | None) -> bytes:
    """Give the bytes that a line holds. Raises ValueError when it holds none, or both kinds."""
    if (raw is msgspec.UNSET) == (base64 is None):
        message = "exactly one of a value and its base64 form must be there"
        raise ValueError(message)
    return b64decode(base64, validate=True) if base64 is not None else bytes(raw)  # type: ignore[arg-type]  # not UNSET here


_ONE_VALUE = msgspec.json.Decoder(tuple[msgspec.Raw])


def fits(stored: bytes) -> bool:
    """Tell whether bytes are one JSON value that a reader will find again byte for byte."""
    if b"\n" in stored or b"\r" in stored:
        return False
    try:
        stored.decode()
        return bytes(_ONE_VALUE.decode(b"[%b]" % stored)[0]) == stored
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return False
