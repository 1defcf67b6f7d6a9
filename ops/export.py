"""Writes a property's log to a file of JSON lines: header, events, outcomes, seals, trailer. Import is its mirror.

Reads in short pages, each a snapshot of its own: the log only grows and has no holes, so pages fit together, and nobody's
vacuum waits for an export.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg import sql

from ledger.log import Connection, Log, Row
from ledger.schema import schema_name
from ledger.unreadable import release
from ops.catalogue import CATALOGUE
from ops.export_lines import (
    FORMAT,
    FORMAT_VERSION,
    EventLine,
    Header,
    Line,
    OutcomeLine,
    PropertyLine,
    Trailer,
    encoded,
    event_line,
    outcome_line,
)
from ops.export_seals import seal_lines
from ops.migrate import SCHEMA_VERSION
from ops.settings import BadConfiguration
from ops.wiring import Wiring
from queries.access import Listed

PAGE = 2000
Report = Callable[[int, int], None]
"""Told (events done, events in all)."""


class BrokenLog(Exception):
    """The log does not hold what an export promises; the message names the position."""


@dataclass(frozen=True)
class Exported:
    """What an export wrote, and the position it ends at."""

    property_code: str
    last_position: int
    events: int
    outcomes: int
    seals: int
    sha256: str


@dataclass(frozen=True)
class Span:
    """Which part of which log is exported: all of it up to `last_position`, which ends a command."""

    listed: Listed
    epoch: int
    last_position: int


class Sink:
    """Counts and hashes the lines on their way out."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = sha256()
        self.counts: Counter[str] = Counter()

    def write(self, line: Line) -> None:
        """Write a line that the trailer will vouch for."""
        written = encoded(line)
        self._hash.update(written)
        self._out.write(written)
        self.counts[str(line.__struct_config__.tag)] += 1

    def close(self) -> str:
        """Write the trailer and give the hash in it: a file without one was cut short."""
        digest = self._hash.hexdigest()
        self._out.write(encoded(Trailer(counts=dict(self.counts), sha256=digest)))
        return digest


async def span(wiring: Wiring, property_code: str, until: int | None) -> Span:
    """Fix what is exported: up to a position or the head, never half a command. Raises BadConfiguration."""
    listed = next((each for each in await wiring.access.properties() if each.code == property_code), None)
    if listed is None:
        message = f"there is no property {property_code!r} here: see nightledger doctor"
        raise BadConfiguration(message)
    async with wiring.pool.connection() as connection:
        head, _ = await Log(property_code).head(connection)
        if until is not None and not 0 <= until <= head:
            message = f"--until {until} is not in the log of {property_code}: its last position is {head}"
            raise BadConfiguration(message)
        last = head if until is None else await _end_of_command(connection, property_code, until)
        epoch = sql.SQL("SELECT epoch FROM {}").format(sql.Identifier(schema_name(property_code), "ledger"))
        row = await (await connection.execute(epoch)).fetchone()
    return Span(listed, row[0] if row else 1, last)


async def export(wiring: Wiring, part: Span, out: BinaryIO, report: Report, *, decoded: bool = False) -> Exported:
    """Write a part of a log. `decoded` shows events as this release reads them. Raises BrokenLog, Unreadable."""
    sink = Sink(out)
    sink.write(header(part, decoded=decoded))
    async for rows in pages(wiring, part):
        for row in rows:
            sink.write(shown(row) if decoded else event_line(row))
        report(rows[-1].position, part.last_position)
    async for answer in _outcomes(wiring, part):
        sink.write(answer)
    async for line in seal_lines(wiring, part.listed.code, part.last_position):
        sink.write(line)
    digest = sink.close()
    counts = sink.counts
    return Exported(part.listed.code, part.last_position, counts["event"], counts["outcome"], counts["seal"], digest)


async def pages(wiring: Wiring, part: Span) -> AsyncIterator[list[Row]]:
    """Give the events of a part in pages of whole commands, checking that none is missing. Raises BrokenLog."""
    log, position = Log(part.listed.code), 0
    while position < part.last_position:
        async with wiring.pool.connection() as connection:
            rows = await log.tail(connection, position, PAGE)
        rows = [row for row in rows if row.position <= part.last_position]
        missing = next((at for at, row in enumerate(rows, position + 1) if row.position != at), position + 1 + len(rows))
        if not rows or missing <= rows[-1].position:
            message = f"position {missing} is missing from the log of {part.listed.code}: run nightledger verify"
            raise BrokenLog(message)
        yield rows
        position = rows[-1].position


def header(part: Span, *, decoded: bool) -> Header:
    """Give the first line. It names no clock: the same log gives the same file."""
    listed = part.listed
    return Header(
        format=FORMAT, format_version=FORMAT_VERSION,
        property=PropertyLine(
            code=listed.code, currency=listed.currency, scratch=listed.scratch, time_zone=listed.time_zone
        ),
        epoch=part.epoch, first_position=1, last_position=part.last_position,
        release=release(), schema_version=SCHEMA_VERSION, decoded=decoded,
    )  # fmt: skip


def shown(row: Row) -> EventLine:
    """Give an event in its newest form, personal fields still encrypted. Raises Unreadable naming the position."""
    event = CATALOGUE.read(row)
    raw = msgspec.Raw(msgspec.json.encode(event, order="sorted"))
    return replace(event_line(row), payload=raw, payload_base64=None, topic=event.topic)


async def _end_of_command(connection: Connection, property_code: str, until: int) -> int:
    """Give the last position, at most `until`, at which a command ends."""
    statement = sql.SQL("SELECT position - command_index - 1, command_index + 1 = command_count FROM {} WHERE position = %s")
    events = sql.Identifier(schema_name(property_code), "events")
    row = await (await connection.execute(statement.format(events), [until])).fetchone()
    return until if row is None or row[1] else row[0]


async def _outcomes(wiring: Wiring, part: Span) -> AsyncIterator[OutcomeLine]:
    """Give the outcomes of a part's commands by command id: the one order in which they are indexed."""
    statement = sql.SQL(
        "SELECT command_id, fingerprint, actor, recorded_at, position, outcome FROM {}"
        " WHERE (%s::uuid IS NULL OR command_id > %s) AND position <= %s ORDER BY command_id LIMIT %s"
    ).format(sql.Identifier(schema_name(part.listed.code), "outcomes"))
    after: UUID | None = None
    while True:
        async with wiring.pool.connection() as connection:
            found = await connection.execute(statement, [after, after, part.last_position, PAGE])
            rows = await found.fetchall()
        for row in rows:
            yield outcome_line(*row)
        if len(rows) < PAGE:
            return
        after = rows[-1][0]
