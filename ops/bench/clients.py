"""The client processes of all measurements: started, let go together, and asked what they counted."""

from __future__ import annotations

import asyncio
import cProfile
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import uvloop

from ops.bench.callers import START_SECONDS, WARM_UP, Job, Load, Shape, Tally, do
from ops.bench.draws import Draws
from ops.collecting import collect_rarely

ANSWER_SECONDS = 120


class ClientFailed(Exception):
    """A client process ended with an error, whose first line is the message, or could not do what it was measured for."""


def measure(
    load: Load, shape: Shape, seconds: float, draws: Draws, profile: Path | None = None, *, warm_up: float | None = None
) -> Tally:
    """Book for `seconds`, after a warm-up, with clients of a shape.

    Raises ClientFailed when one of them cannot, or most bookings were refused: a rate of these would say nothing.
    """
    warm_up = seconds * WARM_UP if warm_up is None else warm_up
    jobs = [
        Job(load=load, callers=shape.callers, draws=draws.part(place, shape.processes), seconds=seconds, warm_up=warm_up)
        for place in range(shape.processes)
    ]
    whole = _done(jobs, START_SECONDS + warm_up + seconds, profile)
    if whole.refused > whole.done:
        message = f"{whole.refused} of {whole.refused + whole.done} stays were taken already: measure for fewer --seconds"
        raise ClientFailed(message)
    return whole


def attack(load: Load, shape: Shape, attempts: int, draws: Draws) -> Tally:
    """Make `attempts` bookings as fast as clients of a shape can, after one of each caller. Raises ClientFailed."""
    jobs = [
        Job(
            load=load,
            callers=shape.callers,
            draws=draws.part(place, shape.processes),
            attempts=attempts // shape.processes + (place < attempts % shape.processes),
        )
        for place in range(shape.processes)
    ]
    return _done(jobs, ANSWER_SECONDS, None)


def _done(jobs: Sequence[Job], patience: float, profile: Path | None) -> Tally:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(jobs))
    pipes: list[Connection] = []
    processes = []
    for place, job in enumerate(jobs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_client, args=(job, barrier, theirs, None if place else profile), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    whole = Tally()
    try:
        for told in _told(pipes, patience):
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


def _client(job: Job, barrier: Barrier, pipe: Connection, profile: Path | None) -> None:
    """Run in the client process, as a web process would: do the job, report the tally, or the reason why not."""
    collect_rarely()
    try:
        with _profiled(profile), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            told: Tally | str = runner.run(do(job, barrier))
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
