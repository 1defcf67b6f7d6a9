"""What a measurement found: a row a subject with its spread, ratios, and remarks; and the goals that ratios must meet."""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["ours", "peer", "floor"]
GOALS = Path(__file__).with_name("goals.toml")


@dataclass(frozen=True)
class Row:
    """A subject's figure: the median of its repeats, with the lowest and the highest of them."""

    subject: str
    value: float
    unit: str
    spread: tuple[float, float]
    kind: Kind = "ours"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Findings:
    """Everything that one bench says. `quick` figures are for a look only; `measured_at` is an ISO 8601 moment."""

    name: str
    measured_at: str = ""
    quick: bool = False
    repeats: int = 1
    rows: list[Row] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, subject: str, values: Sequence[float], unit: str, kind: Kind = "ours", **details: Any) -> None:
        """Add the row of a subject from its repeats."""
        rounded = [round(value, 2) for value in values]
        self.rows.append(Row(subject, round(statistics.median(rounded), 2), unit, (min(rounded), max(rounded)), kind, details))

    def relate(self, name: str, ours: Sequence[float], theirs: Sequence[float]) -> None:
        """Add the ratio of two subjects: the median of the quotients of repeats that ran beside each other."""
        quotients = [mine / other for mine, other in zip(ours, theirs, strict=True) if other]
        if quotients:
            self.ratios[name] = round(statistics.median(quotients), 3)

    def remark(self, text: str) -> None:
        """Add a sentence that the reader of the figures should know; the same one only once."""
        if text not in self.remarks:
            self.remarks.append(text)


@dataclass(frozen=True)
class Goal:
    """What a ratio must reach, or not exceed."""

    ratio: str
    says: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, value: float) -> bool:
        """Tell whether a value is good enough."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    @property
    def bound(self) -> str:
        """Write the goal."""
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"


def goals() -> dict[str, Goal]:
    """Read the goals, by the name of their ratio."""
    return {name: Goal(name, **goal) for name, goal in tomllib.loads(GOALS.read_text("utf-8")).items()}


def missed(all_findings: Sequence[Findings]) -> list[str]:
    """Say of each ratio that misses its goal what it is and what it should be."""
    wanted = goals()
    return [
        f"{name} is {value:g}, the goal is {wanted[name].bound}"
        for findings in all_findings
        for name, value in findings.ratios.items()
        if name in wanted and not wanted[name].is_met(value)
    ]
