"""How long and how often to measure, and where to say how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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
