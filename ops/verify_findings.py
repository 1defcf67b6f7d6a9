"""What an audit finds: at which position, and what is wrong there. Only the first findings are kept; the rest is counted."""

from __future__ import annotations

from msgspec import Struct

MOST = 100
NOWHERE = 2**63
"""Sorts what has no position of its own behind everything that has one."""


class Finding(Struct, frozen=True):
    """Something that does not hold. `position` is that of the event, or nothing when it is about no single one."""

    position: int | None
    what: str

    def text(self) -> str:
        """Say it in one line."""
        return f"position {self.position}: {self.what}" if self.position is not None else self.what


class Findings:
    """Collects findings of all checks."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self.total = 0

    def add(self, position: int | None, what: str) -> None:
        """Note a finding. When there are very many, those of the lowest positions are kept."""
        self.total += 1
        self._kept.append(Finding(position, what))
        if len(self._kept) >= 2 * MOST:
            self._kept = self.sorted()

    def sorted(self) -> list[Finding]:
        """List the first findings, by position."""
        return sorted(self._kept, key=lambda each: NOWHERE if each.position is None else each.position)[:MOST]
