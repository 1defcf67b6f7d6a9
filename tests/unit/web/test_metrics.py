"""The figures of all processes, also at the moment at which one of them starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from web import health


def test_a_process_that_is_just_starting_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    new = tmp_path / "gauge_mostrecent_1.db"
    new.touch()

    async def starts() -> None:
        await asyncio.sleep(health.NEW_FILE_SECONDS / 4)
        new.write_bytes(bytes(4096))

    async def run() -> int:
        answer, _ = await asyncio.gather(health.metrics(), starts())
        return answer.status_code

    assert asyncio.run(run()) == 200
