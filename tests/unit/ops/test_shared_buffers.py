"""How much memory the embedded PostgreSQL keeps its pages in, by the machine it runs on."""

from __future__ import annotations

import pytest

from ops.embedded.postgres import shared_buffers

GIGABYTE = 2**30


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [
        (GIGABYTE // 2, "128MB"),
        (GIGABYTE, "128MB"),
        (4 * GIGABYTE, "512MB"),
        (16 * GIGABYTE, "2048MB"),
        (64 * GIGABYTE, "2048MB"),
    ],
)
def test_an_eighth_of_the_memory_within_limits(memory: int, buffers: str) -> None:
    assert shared_buffers(memory) == buffers
