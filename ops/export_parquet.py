"""Writes a property's log as Parquet for analysts: typed columns, one row an event, its JSON and the useful parts of it.

Personal fields are left out, not even as ciphertext: an analyst has no key, and a copy cannot be called back. This file is
not for import; ops/export.py writes what is.
"""

from __future__ import annotations

from typing import Any, BinaryIO
from uuid import UUID

import msgspec
import pyarrow as pa  # type: ignore[import-untyped]  # it comes without types; SCHEMA says what goes in
from msgspec import Struct
from pyarrow import parquet

from aggregates.reservation import Reservation
from ledger.event import Event
from ledger.keys import Sealed
from ledger.leaf import leaf_hash
from ledger.log import Row
from ledger.money import Money
from ledger.unreadable import release
from ops.catalogue import CATALOGUE
from ops.export import Exported, Report, Span, pages
from ops.wiring import Wiring

ROW_GROUP = 20_000
"""Events that are held in memory at once, and a row group in the file."""

WORD = pa.dictionary(pa.int32(), pa.string())
INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema([
    pa.field("position", pa.int64(), nullable=False),
    pa.field("stream", pa.string(), nullable=False),
    pa.field("version", pa.int32(), nullable=False),
    pa.field("topic", WORD, nullable=False),
    pa.field("aggregate", WORD, nullable=False),
    pa.field("occurred_at", INSTANT, nullable=False),
    pa.field("recorded_at", INSTANT, nullable=False),
    pa.field("business_date", pa.date32()),
    pa.field("actor", WORD, nullable=False),
    pa.field("command_id", pa.string()),
    pa.field("command_index", pa.int32(), nullable=False),
    pa.field("command_count", pa.int32(), nullable=False),
    pa.field("correlation_id", pa.string()),
    pa.field("cause_position", pa.int64()),
    pa.field("reservation_id", pa.string()),
    pa.field("room", WORD),
    pa.field("stay_date", pa.date32()),
    pa.field("arrival", pa.date32()),
    pa.field("departure", pa.date32()),
    pa.field("room_nights", pa.int32()),
    pa.field("amount_minor", pa.int64()),
    pa.field("currency", WORD),
    pa.field("channel", WORD),
    pa.field("reason", WORD),
    pa.field("payload", pa.string(), nullable=False),
    pa.field("leaf_hash", pa.binary(32), nullable=False),
])  # fmt: skip

STORED = tuple(name for name in Row.__struct_fields__ if name in SCHEMA.names and name != "payload")
"""Columns that are taken over as they stand in the table."""
AMOUNTS = ("amount", "total", "refund")
"""The field of an event that is what it is about in money, the first that it has."""


async def export_parquet(wiring: Wiring, part: Span, out: BinaryIO, report: Report) -> Exported:
    """Write a part of a log. Raises BrokenLog, Unreadable naming the position."""
    listed = part.listed
    about = {
        "nightledger.property": listed.code, "nightledger.time_zone": listed.time_zone, "nightledger.release": release(),
        "nightledger.epoch": str(part.epoch), "nightledger.left_out": "personal fields (they read null in payload)",
    }  # fmt: skip
    with parquet.ParquetWriter(out, SCHEMA.with_metadata(about), compression="zstd") as writer:
        waiting: list[dict[str, Any]] = []
        async for rows in pages(wiring, part):
            waiting += [columns(row) for row in rows]
            if len(waiting) >= ROW_GROUP:
                writer.write_table(_table(waiting))
                waiting = []
            report(rows[-1].position, part.last_position)
        writer.write_table(_table(waiting))
    return Exported(listed.code, part.last_position, part.last_position, 0, 0, "")


def columns(row: Row) -> dict[str, Any]:
    """Give a stored event as a row of the file. Raises Unreadable naming the position."""
    event = CATALOGUE.read(row)
    return _stored(row) | _flattened(row, event) | {
        "topic": event.topic,
        "aggregate": CATALOGUE.aggregate_of(event.topic).__name__,
        "payload": msgspec.json.encode(without_personal(event), order="sorted").decode(),
        "leaf_hash": leaf_hash(row),
    }  # fmt: skip


def without_personal(value: Any) -> Any:
    """Give an event, or a part of one, with null wherever something personal is sealed."""
    if isinstance(value, Sealed):
        return None
    if isinstance(value, Struct):
        return {name: without_personal(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {name: without_personal(part) for name, part in value.items()}
    return [without_personal(part) for part in value] if isinstance(value, list | tuple) else value


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: [row[name] for row in rows] for name in SCHEMA.names}, schema=SCHEMA)


def _stored(row: Row) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in STORED}


def _flattened(row: Row, event: Event) -> dict[str, Any]:
    """Take out what analysts ask for; a column that an event does not speak of is left empty."""
    reservation = row.stream if CATALOGUE.aggregate_of(event.topic) is Reservation else None
    money = next((found for name in AMOUNTS if isinstance(found := getattr(event, name, None), Money)), None)
    stays = event.stays if isinstance(event, Reservation.Held) else ()
    return {
        "reservation_id": _plain(getattr(event, "reservation_id", reservation)),
        "room": getattr(event, "room", None),
        "stay_date": getattr(event, "stay_date", None),
        "arrival": min((stay.dates.arrival for stay in stays), default=None),
        "departure": max((stay.dates.departure for stay in stays), default=None),
        "room_nights": sum(stay.dates.nights for stay in stays) or None,
        "amount_minor": None if money is None else money.amount_minor,
        "currency": None if money is None else money.currency,
        "channel": getattr(event, "channel", None),
        "reason": getattr(event, "reason", None),
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
