"""Loops that run until they are cancelled, and end then, also when a library has kept the cancellation to itself."""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError when the task was asked to end: for the beginning of each round of a loop without another end.

    Up to Python 3.11 `asyncio.wait_for` loses a cancellation that comes at the moment at which what it waits for is done
    (python/cpython#86296). redis-py sends with it, psycopg_pool waits for connections with it.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
