"""Guests' keys that are durable before anybody asks for one, so that a booking does not wait for the keys' own commit."""

from __future__ import annotations

import asyncio
import sqlite3
import time

from ledger.keys import GuestKey, GuestKeys, new_guest_keys
from ledger.refusal import Unavailable

LARGEST_STOCK = 512
QUIET_SECONDS = 10.0
"""After so long without having to make any the stock begins small again: keys that nobody used stay in the store for good."""


class KeyStock:
    """A few keys when little is booked, hundreds when much is: the stock doubles as often as it is used up."""

    def __init__(self, keys: GuestKeys) -> None:
        self._keys = keys
        self._ready: list[GuestKey] = []
        self._level = 1
        self._filled_at = 0.0
        self._filling: asyncio.Task[None] | None = None

    async def take(self) -> GuestKey:
        """Give a key that nobody had, once it is durable. Raises Unavailable when the keys store cannot be written."""
        while not self._ready:
            await asyncio.shield(self._fill())
        key = self._ready.pop()
        if len(self._ready) < self._level // 2:
            self._fill()
        return key

    def _fill(self) -> asyncio.Task[None]:
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._make(), name="guest keys")
            self._filling.add_done_callback(_look_at)
        return self._filling

    async def _make(self) -> None:
        now = time.monotonic()
        self._level = min(self._level * 2, LARGEST_STOCK) if now - self._filled_at < QUIET_SECONDS else 1
        self._filled_at = now
        made = new_guest_keys(self._level)
        try:
            await asyncio.to_thread(self._keys.keep, made)
        except (sqlite3.Error, OSError) as failure:
            message = f"guests' keys cannot be stored ({failure}), so nothing can be booked: look at the disk of the keys store"
            raise Unavailable(message) from failure
        self._ready.extend(made)


def _look_at(done: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waits for; the next taker tries again and is told."""
    if not done.cancelled():
        done.exception()
