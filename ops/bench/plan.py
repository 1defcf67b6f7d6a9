"""How long and how often to measure, and where to say how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ops.settings import BadConfiguration

T = TypeVar("T")


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was asked for. `seconds` is the measured time of one run; `quick` ones are for a look, not for a figure."""

    repeats: int = 3
    seconds: float = 4.0
    quick: bool = False
    only: frozenset[str] = frozenset()
    profile: Path | None = None
    say: Callable[[str], None] = _silent

    def chosen(self, subjects: Mapping[str, T]) -> dict[str, T]:
        """Give the subjects that were asked for, all unless told otherwise. Raises BadConfiguration for unknown ones."""
        unknown = sorted(self.only - set(subjects))
        if unknown:
            message = f"there is no subject {', '.join(unknown)} in this bench: choose from {', '.join(subjects)}"
            raise BadConfiguration(message)
        return {name: subject for name, subject in subjects.items() if not self.only or name in self.only}
