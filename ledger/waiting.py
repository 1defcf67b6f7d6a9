"""Commands that wait for their batch: promised work first, a share for guests, and a limit for both."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from ledger.command import Envelope, Outcome, Urgency
from ledger.refusal import Unavailable

LARGEST_BATCH = 32
"""Commands in one commit. More of them would gain little there, and leave nothing to decide meanwhile."""
GUESTS_SHARE = 8
"""Places of a batch that are for guests who wait, however much promised work there is: the nth guest is in batch n / 8."""
LONGEST_QUEUE = 4096
KEPT_FOR_PROMISED = 512
"""Places at the end of the queue that guests do not get, so that sagas and staff can go on."""


@dataclass(slots=True)
class Waiting:
    """A command in the queue, the future of its outcome, and since when it waits (monotonic seconds)."""

    envelope: Envelope
    answer: asyncio.Future[Outcome]
    since: float


class Queue:
    """Commands in the order of their urgency, then of their coming."""

    def __init__(self) -> None:
        self._promised: deque[Waiting] = deque()
        self._guests: deque[Waiting] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._promised) + len(self._guests)

    def put(self, envelope: Envelope) -> asyncio.Future[Outcome]:
        """Let a command wait; give the future of its outcome. Raises Unavailable when too many wait already."""
        promised = envelope.urgency is Urgency.PROMISED
        if len(self) >= LONGEST_QUEUE - (0 if promised else KEPT_FOR_PROMISED):
            message = f"{len(self)} commands wait already: try again in a moment"
            raise Unavailable(message)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        (self._promised if promised else self._guests).append(Waiting(envelope, answer, time.monotonic()))
        self._arrived.set()
        return answer

    def take(self) -> list[Waiting]:
        """Take the next batch: promised work first, but a quarter is for guests who wait, so that nobody waits for ever."""
        batch = _from(self._promised, LARGEST_BATCH - min(len(self._guests), GUESTS_SHARE))
        batch += _from(self._guests, LARGEST_BATCH - len(batch))
        return batch + _from(self._promised, LARGEST_BATCH - len(batch))

    async def arrival(self, seconds: float) -> None:
        """Wait until somebody waits, for some seconds at most."""
        if len(self):
            return
        self._arrived.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return


def _from(queue: deque[Waiting], most: int) -> list[Waiting]:
    """Take from the front, leaving out those who have gone."""
    taken: list[Waiting] = []
    while queue and len(taken) < most:
        waiting = queue.popleft()
        if not waiting.answer.done():
            taken.append(waiting)
    return taken
