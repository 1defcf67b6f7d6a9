"""The clients of all write measurements: processes with callers in them, who start together and book until the time is over.

A load says how one booking is made, as a coroutine or, where its library knows only threads, as a plain function.
"""

from __future__ import annotations

import asyncio
import cProfile
import multiprocessing
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from uuid import UUID

import psutil
import uvloop

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

    seconds: float
    done: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)
    acknowledged: list[Booked] = field(default_factory=list)
    memory: list[tuple[int, int]] = field(default_factory=list)
    """Resident bytes of each client process before and after."""
    counters: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Give the bookings a second."""
        return self.done / self.seconds

    def quantile(self, share: float) -> float:
        """Give the latency in milliseconds that `share` of the bookings did not exceed."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def take(self, other: Tally) -> None:
        """Add what another process counted."""
        self.done += other.done
        self.refused += other.refused
        for name in ("latencies", "acknowledged", "memory"):
            getattr(self, name).extend(getattr(other, name))
        for name, count in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + count


class ClientFailed(Exception):
    """A client process ended with an error; its first line is the message."""


def measure(load: Load, shape: Shape, seconds: float, draws: Draws, profile: Path | None = None) -> Tally:
    """Book for `seconds` with clients of a shape. Raises ClientFailed when one of them cannot."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(shape.processes)
    pipes: list[Connection] = []
    processes = []
    for place in range(shape.processes):
        ours, theirs = context.Pipe(duplex=False)
        job = Job(load, shape, seconds, draws.part(place, shape.processes), profile if place == 0 else None)
        process = context.Process(target=_client, args=(job, barrier, theirs), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    whole = Tally(seconds)
    try:
        for told in _told(pipes, START_SECONDS + seconds * (1 + WARM_UP)):
            whole.take(told)
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return whole


def _told(pipes: Sequence[Connection], patience: float) -> Iterator[Tally]:
    for pipe in pipes:
        with closing(pipe):
            if not pipe.poll(patience):
                message = f"a client did not report within {patience:.0f} s"
                raise ClientFailed(message)
            told = pipe.recv()
        if isinstance(told, str):
            raise ClientFailed(told)
        yield told


@dataclass(frozen=True)
class Job:
    """What one client process has to do."""

    load: Load
    shape: Shape
    seconds: float
    draws: Draws
    profile: Path | None


def _client(job: Job, barrier: Barrier, pipe: Connection) -> None:
    """Run in the client process: do the job, report the tally, or the reason why not."""
    try:
        with _profiled(job.profile), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            told: Tally | str = runner.run(_book(job, barrier))
    except Exception as failure:  # noqa: BLE001 - whatever stops a client is told to the process that waits for it
        barrier.abort()
        told = f"{type(failure).__name__}: {failure}"
    pipe.send(told)


@contextmanager
def _profiled(path: Path | None) -> Iterator[None]:
    profile = cProfile.Profile()
    with profile if path else nullcontext():
        yield
    if path:
        profile.dump_stats(path)


async def _book(job: Job, barrier: Barrier) -> Tally:
    async with job.load.opened(job.draws, job.shape.callers) as book:
        await asyncio.to_thread(barrier.wait, START_SECONDS)
        begin = time.monotonic() + job.seconds * WARM_UP
        before = psutil.Process().memory_info().rss
        callers = [Caller(book, number, begin, begin + job.seconds) for number in range(job.shape.callers)]
        if job.load.threaded:
            await asyncio.to_thread(_in_threads, callers)
        else:
            await asyncio.gather(*(caller.run() for caller in callers))
        tally = Tally(job.seconds, counters=job.load.counters())
        tally.memory.append((before, psutil.Process().memory_info().rss))
    for caller in callers:
        tally.take(caller.tally)
    return tally


def _in_threads(callers: Sequence[Caller]) -> None:
    with ThreadPoolExecutor(len(callers)) as pool:
        for future in [pool.submit(caller.run_alone) for caller in callers]:
            future.result()


class Caller:
    """One who books again and again. What is answered between `begin` and `end` (monotonic seconds) counts."""

    def __init__(self, book: Book, number: int, begin: float, end: float) -> None:
        self._book = book
        self._number = number
        self._begin = begin
        self._end = end
        self.tally = Tally(end - begin)

    async def run(self) -> None:
        """Book until the time is over; the last booking is waited for."""
        now = time.monotonic()
        while now < self._end:
            asked = now
            booked = await self._book(self._number)
            now = time.monotonic()
            self._note(booked, now - asked, counts=self._begin <= now < self._end)

    def run_alone(self) -> None:
        """Do the same in a thread, where a booking blocks instead of waiting."""
        running = self.run()
        try:
            running.send(None)
        except StopIteration:
            return
        message = "a booking of a threaded load must not wait for the loop"
        raise RuntimeError(message)

    def _note(self, booked: Booked | None, latency: float, *, counts: bool) -> None:
        if booked is not None:
            self.tally.acknowledged.append(booked)
        if counts:
            self.tally.done += booked is not None
            self.tally.refused += booked is None
            self.tally.latencies.append(latency)


def best_shape(
    load: Load, shapes: Sequence[Shape], seconds: float, fresh: Callable[[], Draws]
) -> tuple[Shape, dict[str, float]]:
    """Try client counts for a moment each: the one with the highest rate, and the rates of all."""
    rates = {shape: measure(load, shape, seconds, fresh()).rate for shape in shapes}
    return max(rates, key=lambda shape: rates[shape]), {str(shape): rate for shape, rate in rates.items()}
