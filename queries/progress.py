"""Tells how far the read models have come, and waits for them. What a reader is shown always says its position."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from queries.streams import Streams

Position = Callable[[], Awaitable[int]]
LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Lag:
    """A read model's position, how many events it is behind the log, and for how many seconds the oldest of them waits."""

    position: int
    events: int
    seconds: float


class Progress:
    """Positions of one property's read models."""

    def __init__(self, streams: Streams, positions: Mapping[str, Position]) -> None:
        self._streams = streams
        self._positions = positions

    async def lags(self) -> dict[str, Lag]:
        """Give position and lag of every read model."""
        head = await self._streams.head()
        lags: dict[str, Lag] = {}
        for name, position in self._positions.items():
            reached = await position()
            behind = max(0, head - reached)
            lags[name] = Lag(reached, behind, await self._streams.age(reached + 1) if behind else 0.0)
        return lags

    async def wait(self, name: str, position: int, seconds: float = 2.0) -> bool:
        """Wait until a read model has reached a position, for some seconds at most; tell whether it has."""
        return await _reached(self._positions[name], position, seconds)

    async def wait_for_ledger(self, position: int, seconds: float = 2.0) -> bool:
        """Wait until the ledger itself has reached a position, for what is read from it; tell whether it has."""
        return await _reached(self._streams.head, position, seconds)


async def _reached(look: Position, position: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while await look() < position:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True
