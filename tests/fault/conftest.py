"""What fault tests share: a running installation, and dice whose seed is printed."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.installation import Running

UNLIMITED = {"HOLDS_PER_ADDRESS": "0", "HOLDS_PER_EMAIL": "0", "REQUESTS_PER_MINUTE": "0", "LOG_LEVEL": "INFO"}


@pytest.fixture(scope="module")
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Give seeded chance: the run's Hypothesis seed, so that one option repeats everything."""
    seed = int(request.config.getoption("hypothesis_seed"))
    print(f"\nseed {seed}: repeat with --hypothesis-seed={seed}")
    return random.Random(seed)  # noqa: S311 - repeatable chance, no secret


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Give the installation that all files share: starting one takes seconds, and a survivor is tested best by going on."""
    with _installation() as shared:
        yield shared


@pytest.fixture
def alone() -> Iterator[Running]:
    """Give an installation of the test's own, where its harm would meet others."""
    with _installation() as own:
        yield own


@contextmanager
def _installation() -> Iterator[Running]:
    home = Path(tempfile.mkdtemp(prefix="nl-fault-"))
    installation = Running(home / "data", **UNLIMITED)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
        shutil.rmtree(home, ignore_errors=True)
