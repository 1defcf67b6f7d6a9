"""What happens inside one client process: its callers make bookings, and count what they were answered and when.

A load says how one booking is made, as a coroutine or, where its library knows only threads, as a plain function.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.synchronize import Barrier
from uuid import UUID

import psutil

from ops.bench.draws import Draws

START_SECONDS = 60
WARM_UP = 0.2
"""Share of the measured time that runs before it: plans are prepared, pages and caches warm."""

Booked = tuple[UUID, int]
"""What was acknowledged: the id of the booking and the number of the draw it came from."""
Book = Callable[[int], Awaitable[Booked | None]]
"""Makes the next booking as one of the callers (counted from 0); gives None when the stay was taken."""


@dataclass(frozen=True)
class Shape:
    """How many client processes there are, and how many callers each has."""

    processes: int
    callers: int

    def __str__(self) -> str:
        return f"{self.processes} x {self.callers}"

    @property
    def whole(self) -> int:
        """Count the callers of all processes."""
        return self.processes * self.callers


class Load(ABC):
    """One way to make bookings. Sent to the client processes, so it holds nothing but addresses."""

    threaded = False
    """True where a booking blocks: each caller is a thread then, and the coroutine of a booking never waits."""

    @abstractmethod
    def opened(self, draws: Draws, callers: int) -> AbstractAsyncContextManager[Book]:
        """Connect one client process, and give how its callers book the stays that `draws` gives."""

    def counters(self) -> dict[str, float]:
        """Tell, in the client process, what else was counted, such as conflicts."""
        return {}


@dataclass
class Tally:
    """What came of a run. Latencies in seconds, of the measured time only; `acknowledged` are all of them."""

    begin: float = float("inf")
    end: float = 0.0
    """The measured time, in monotonic seconds, which all processes of a machine share."""
    done: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)
    acknowledged: list[Booked] = field(default_factory=list)
    memory: list[tuple[int, int]] = field(default_factory=list)
    """Resident bytes of each client process when the measured time began, and when it was over."""
    counters: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Give how long it took."""
        return self.end - self.begin

    @property
    def rate(self) -> float:
        """Give the bookings a second."""
        return self.done / self.seconds

    def quantile(self, share: float) -> float:
        """Give the latency in milliseconds that `share` of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def take(self, other: Tally) -> None:
        """Add what another caller or process counted."""
        self.begin, self.end = min(self.begin, other.begin), max(self.end, other.end)
        self.done += other.done
        self.refused += other.refused
        for name in ("latencies", "acknowledged", "memory"):
            getattr(self, name).extend(getattr(other, name))
        for name, counted in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + counted

    def note(self, booked: Booked | None, latency: float, *, counts: bool) -> None:
        """Count one answer."""
        if booked is not None:
            self.acknowledged.append(booked)
        if counts:
            self.done += booked is not None
            self.refused += booked is None
            self.latencies.append(latency)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one client process has to do: book for some seconds, or make a number of attempts."""

    load: Load
    callers: int
    draws: Draws
    seconds: float = 0
    warm_up: float = 0
    attempts: int = 0


async def do(job: Job, barrier: Barrier) -> Tally:
    """Connect, start together with the other processes, and book."""
    async with job.load.opened(job.draws, job.callers) as book:
        if job.attempts:
            await asyncio.gather(*(book(number) for number in range(job.callers)))
        await asyncio.to_thread(barrier.wait, START_SECONDS)
        whole = await (_attempts(job, book) if job.attempts else _for_seconds(job, book))
        whole.counters = job.load.counters()
    return whole


async def _attempts(job: Job, book: Book) -> Tally:
    tally = Tally(time.monotonic())
    numbers = count(1)

    async def caller(number: int) -> None:
        while next(numbers) <= job.attempts:
            asked = time.monotonic()
            tally.note(await book(number), time.monotonic() - asked, counts=True)

    await asyncio.gather(*(caller(number) for number in range(job.callers)))
    tally.end = time.monotonic()
    return tally


async def _for_seconds(job: Job, book: Book) -> Tally:
    begin = time.monotonic() + job.warm_up
    process, when_warm = psutil.Process(), []
    asyncio.get_running_loop().call_later(job.warm_up, lambda: when_warm.append(process.memory_info().rss))
    callers = [Caller(book, number, begin, begin + job.seconds) for number in range(job.callers)]
    if job.load.threaded:
        await asyncio.to_thread(_in_threads, callers)
    else:
        await asyncio.gather(*(caller.run() for caller in callers))
    whole = Tally()
    for caller in callers:
        whole.take(caller.tally)
    whole.memory.append((when_warm[0], process.memory_info().rss))
    return whole


def _in_threads(callers: Sequence[Caller]) -> None:
    with ThreadPoolExecutor(len(callers)) as pool:
        for future in [pool.submit(caller.run_alone) for caller in callers]:
            future.result()


class Caller:
    """One who books again and again. What is answered between `begin` and `end` (monotonic seconds) counts."""

    def __init__(self, book: Book, number: int, begin: float, end: float) -> None:
        self._book = book
        self._number = number
        self.tally = Tally(begin, end)

    async def run(self) -> None:
        """Book until the time is over; the last booking is waited for."""
        begin, end = self.tally.begin, self.tally.end
        now = time.monotonic()
        while now < end:
            asked = now
            booked = await self._book(self._number)
            now = time.monotonic()
            self.tally.note(booked, now - asked, counts=begin <= now < end)

    def run_alone(self) -> None:
        """Do the same in a thread, where a booking blocks instead of waiting. Raises RuntimeError if it waits after all."""
        try:
            self.run().send(None)
        except StopIteration:
            return
        message = "a booking of a threaded load must not wait for the loop"
        raise RuntimeError(message)
