"""How often Python looks for cyclic garbage, which costs more than the work itself where many events are in memory at once.

Events and documents are trees that reference counting frees; cycles are few and small here, so looking rarely is enough.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG, MIDDLE, OLD = 50_000, 20, 100
"""Allocations before the youngest are looked at, and rounds of the younger before the older are."""


def collect_rarely() -> None:
    """Look rarely from now on, and never again at what is in memory already: for a process that has just started."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


@contextmanager
def without_collecting() -> Iterator[None]:
    """Do not look while the block runs, once after it: for long work that makes and drops many events."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()
