"""Processes end when they are asked to, also when a library has kept the cancellation to itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from ledger.clock import Clock
from ops.cancelling import heed_cancellation
from ops.follow import Follower, Watch
from ops.purge import purge_always
from ops.retention import forget_always
from ops.sealing import seal_all

PATIENCE_SECONDS = 5


class Deaf:
    """A server whose client loses the first cancellation, as a send within `asyncio.wait_for` may up to Python 3.11."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.lost = 0

    async def answer(self, *_: object) -> Any:
        self.asked.set()
        try:
            await asyncio.sleep(PATIENCE_SECONDS)
        except asyncio.CancelledError:
            self.lost += 1
            if self.lost > 1:
                raise
        return []

    head = position = properties = answer


def follower(deaf: Deaf) -> Awaitable[None]:
    model: Any = SimpleNamespace(name="availability", nouns={"reservation"}, position=deaf.position)
    wiring: Any = SimpleNamespace(pool=None)
    watch: Any = SimpleNamespace(head=0)
    return Follower(wiring, "ella", model, watch, deaf.answer).run()


def watch(deaf: Deaf) -> Awaitable[None]:
    wiring: Any = SimpleNamespace(streams=lambda _: deaf)
    return Watch(wiring, "ella").run()


def hotels(deaf: Deaf) -> Any:
    """Give a wiring that lists no property, with pauses that are over at once."""
    return SimpleNamespace(access=deaf, settings=SimpleNamespace(seal_seconds=0.0, outcome_days=30), clock=Clock())


def sealing(deaf: Deaf) -> Awaitable[None]:
    key: Any = None
    return seal_all(hotels(deaf), key)


async def ends(running: Callable[[Deaf], Awaitable[None]]) -> bool:
    """Cancel while the server is being asked, once, and tell whether that was enough."""
    deaf = Deaf()
    task = asyncio.ensure_future(running(deaf))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await deaf.asked.wait()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS / 2)
    assert deaf.lost == 1
    return bool(done)


@pytest.mark.parametrize("running", [follower, watch, sealing])
def test_a_loop_ends_although_the_cancellation_was_lost(running: Callable[[Deaf], Awaitable[None]]) -> None:
    assert asyncio.run(ends(running))


@pytest.mark.parametrize("running", [forget_always, purge_always])
def test_an_hourly_task_ends_although_the_cancellation_was_lost(
    running: Callable[[Any], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("retention", "purge"):
        monkeypatch.setattr(f"ops.{module}.PAUSE_SECONDS", 0.0)
    assert asyncio.run(ends(lambda deaf: running(hotels(deaf))))


def test_who_was_not_cancelled_goes_on() -> None:
    async def run() -> None:
        heed_cancellation()
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(PATIENCE_SECONDS)
        heed_cancellation()

    asyncio.run(run())
