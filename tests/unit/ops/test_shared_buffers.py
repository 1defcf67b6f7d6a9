"""How much memory the embedded PostgreSQL keeps its pages in, by the machine it runs on."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from ops.embedded.postgres import memory, shared_buffers

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


@pytest.mark.parametrize(("said", "bytes_"), [("1048576\n", 2**20), ("max\n", None), (f"{2**60}\n", None), (None, None)])
def test_a_container_may_have_less_than_its_machine(said: str | None, bytes_: int | None, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    if said:
        limit.write_text(said)
    assert memory(limit) == (bytes_ or psutil.virtual_memory().total)
