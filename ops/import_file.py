"""Reads an exported log and believes none of it: versions, hashes, consecutive positions, whole commands, the trailer.

Each complaint names the line or the position and the next step. Nothing is written here; ops/import_ledger.py does that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from ledger.leaf import leaf_hash
from ledger.log import Row
from ledger.schema import PROPERTY_CODE
from ledger.unreadable import Unreadable, release
from ops.export_lines import FORMAT, FORMAT_VERSION, EventLine, Header, OutcomeLine, Trailer, own_hash
from ops.export_seals import SealKeyLine, SealLine
from ops.migrate import SCHEMA_VERSION

ORDER = ("event", "outcome", "seal-key", "seal", "trailer")
LONGEST_LINE_BYTES = 64_000_000
"""No event is that long; a file without newlines is something else and must not fill the memory."""

Body = EventLine | OutcomeLine | SealKeyLine | SealLine
Columns = tuple[Any, ...]
"""A row as its table has it."""
Readable = Callable[[Row], object]
"""Raises Unreadable for an event that this release cannot read."""

_LINES = msgspec.json.Decoder(Header | Body | Trailer)


class BadExport(Exception):
    """The file is not a whole, unchanged export that this release can read; the message says where and what to do."""


class _Opening(msgspec.Struct):
    """What every version of the format says in its first line."""

    format: str = ""
    format_version: int = 0


class ExportFile:
    """One pass through an exported log: first `header`, then the lines by iterating. Raises BadExport, Unreadable."""

    def __init__(self, file: BinaryIO, readable: Readable) -> None:
        self._file = file
        self._readable = readable
        self._hash = sha256()
        self._counts: Counter[str] = Counter()
        self._number = 0
        self._last: Body | None = None
        self.read_bytes = 0
        self.position = 0
        self.header = self._read_header()

    def __iter__(self) -> Iterator[tuple[str, Columns]]:
        """Give kind and columns of each row between header and trailer, checked: events, outcomes, then the seal."""
        stage = 0
        while True:
            line = self._decoded(self._next())
            kind = str(line.__struct_config__.tag)
            if isinstance(line, Header) or ORDER.index(kind) < stage:
                raise self._damaged(f"a line of kind {kind} has no place here")
            stage = ORDER.index(kind)
            if not isinstance(line, EventLine):
                self._require_all_events()
            if isinstance(line, Trailer):
                return self._require_end(line)
            columns = self._checked(line)
            self._counts[kind] += 1
            self._last = line
            yield kind, columns

    def _read_header(self) -> Header:
        text = self._next()
        try:
            opening = msgspec.json.decode(text, type=_Opening)
        except msgspec.DecodeError:
            opening = _Opening()
        if opening.format != FORMAT:
            message = f"line 1 is not the header of an exported log ({FORMAT}): give a file that nightledger export wrote"
            raise BadExport(message)
        self._require_known("format", opening.format_version, FORMAT_VERSION)
        header = self._decoded(text)
        if not isinstance(header, Header) or not PROPERTY_CODE.fullmatch(header.property.code):
            raise self._damaged("it is no header, or its property has no possible code")
        self._require_known("schema", header.schema_version, SCHEMA_VERSION)
        if header.decoded:
            message = "the file was made with --decoded, for reading only: export again without it"
            raise BadExport(message)
        return header

    def _require_known(self, what: str, found: int, known: int) -> None:
        if found > known:
            message = f"the file has {what} version {found}, this release ({release()}) knows {known}: run the newer release"
            raise BadExport(message)

    def _next(self) -> bytes:
        text = self._file.readline(LONGEST_LINE_BYTES)
        self._number += 1
        if not text.endswith(b"\n"):
            message = (
                f"the file ends within line {self._number}; the last good line is {self._number - 1}"
                f" (position {self.position}): it was cut short, copy or export it again"
            )
            raise BadExport(message)
        self.read_bytes += len(text)
        return text

    def _decoded(self, text: bytes) -> Header | Body | Trailer:
        try:
            line: Header | Body | Trailer = _LINES.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise self._damaged(str(wrong)) from wrong
        if not isinstance(line, Trailer):
            self._hash.update(text)
        return line

    def _checked(self, line: Body) -> Columns:
        try:
            if isinstance(line, EventLine):
                row = line.row
                self._check_event(row, line.hash)
                return astuple(row)
            self._check_hashed(line)
            return line.columns  # noqa: TRY300 - an else would stand farther from what it belongs to
        except Unreadable:
            raise
        except ValueError as wrong:
            raise self._damaged(str(wrong)) from wrong

    def _check_event(self, row: Row, written: str) -> None:
        if leaf_hash(row).hex() != written:
            raise self._damaged("its hash differs from what was exported")
        if row.position != self.position + 1:
            message = (
                f"line {self._number} holds position {row.position} where {self.position + 1} belongs:"
                " events are missing or out of order, export again"
            )
            raise BadExport(message)
        if (row.command_id, row.command_count, row.command_index) != self._next_of_command(row):
            raise self._damaged("its command is not whole")
        self._readable(row)
        self.position = row.position

    def _next_of_command(self, row: Row) -> tuple[UUID | None, int, int]:
        """Give (command id, count, index) that the next event must have: those of an unfinished command, else its own first."""
        last = self._last
        if isinstance(last, EventLine) and last.command_index + 1 < last.command_count:
            return last.command_id, last.command_count, last.command_index + 1
        return row.command_id, max(row.command_count, 1), 0

    def _check_hashed(self, line: OutcomeLine | SealKeyLine | SealLine) -> None:
        if own_hash(line) != line.hash:
            raise self._damaged("its hash differs from what was exported")
        about = line.position if isinstance(line, OutcomeLine) else line.tree_size if isinstance(line, SealLine) else 0
        if about > self.header.last_position:
            raise self._damaged(f"it is about position {about}, which is not in the file")

    def _require_all_events(self) -> None:
        last = self._last
        if isinstance(last, EventLine) and last.command_index + 1 < last.command_count:
            raise self._damaged("the command before it is not whole")
        if self.position != self.header.last_position:
            message = (
                f"the events end at position {self.position}, the header promises {self.header.last_position}:"
                " lines were taken out, export again"
            )
            raise BadExport(message)

    def _require_end(self, trailer: Trailer) -> None:
        if trailer.counts.get("header") != 1 or Counter(trailer.counts) - Counter(header=1) != self._counts:
            raise self._damaged(f"it counts {trailer.counts}, the file holds {dict(self._counts)}")
        if trailer.sha256 != self._hash.hexdigest():
            message = "the file's hash differs from its trailer: some line was changed, copy or export it again"
            raise BadExport(message)
        if self._file.read(1):
            message = f"there is something after the trailer in line {self._number}: remove it, or export again"
            raise BadExport(message)

    def _damaged(self, why: str) -> BadExport:
        inside = self.position < self.header.last_position if self._number > 1 else False
        place = f"line {self._number}" + (f" (the event at position {self.position + 1})" if inside else "")
        return BadExport(f"{place} is damaged, {why}: copy the file again, or export again")
