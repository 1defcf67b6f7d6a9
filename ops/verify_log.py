"""Checks a log event by event, in order of position: holes, whole commands, time, causes, and that each can be read."""

from __future__ import annotations

from ledger.log import Row
from ledger.unreadable import Unreadable
from ops.catalogue import CATALOGUE
from ops.verify_findings import Findings


class LogCheck:
    """Is shown every stored row once, in order."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._last: Row | None = None
        self.position = 0

    def see(self, row: Row) -> None:
        """Check the next row against those before it."""
        if row.position != self.position + 1:
            self._findings.add(self.position + 1, _hole(self.position + 1, row.position - 1))
            self._last = None
        else:
            self._check_command(row)
        self._check_row(row)
        self._last, self.position = row, row.position

    def unreadable(self, position: int, why: str) -> None:
        """Note a row that the database itself cannot hand out."""
        self._findings.add(position, f"the row cannot be read from the table: {why}")
        self._last, self.position = None, position

    def end(self) -> None:
        """Check that the log ends with a whole command."""
        last = self._last
        if last is not None and last.command_index + 1 != last.command_count:
            self._findings.add(last.position + 1, f"the log ends inside a command, after {_part(last)}")

    def _check_command(self, row: Row) -> None:
        """Events of one command are neighbours: same id and count, indexes 0, 1, 2 …."""
        last = self._last
        if last is not None and last.command_index + 1 < last.command_count:
            expected = (last.command_id, last.command_index + 1, last.command_count)
            if (row.command_id, row.command_index, row.command_count) != expected:
                self._findings.add(row.position, f"{_part(row)} stands inside another command, after {_part(last)}")
        elif row.command_index != 0 and (last is not None or row.position == 1):
            self._findings.add(row.position, f"{_part(row)} stands where a command should begin")

    def _check_row(self, row: Row) -> None:
        if not 0 <= row.command_index < row.command_count:
            self._findings.add(row.position, f"{_part(row)} makes no sense")
        if self._last is not None and row.recorded_at < self._last.recorded_at:
            self._findings.add(row.position, "it was recorded before the event that stands before it")
        if row.cause_position is not None and not 0 < row.cause_position < row.position:
            self._findings.add(row.position, f"its cause at position {row.cause_position} does not stand before it")
        try:
            CATALOGUE.decode(row.topic, row.payload)
        except Unreadable as unreadable:
            self._findings.add(row.position, unreadable.why)


def _hole(first: int, last: int) -> str:
    return "the event is missing" if first == last else f"the events from here to {last} are missing"


def _part(row: Row) -> str:
    return f"event {row.command_index + 1} of {row.command_count} of command {row.command_id}"
