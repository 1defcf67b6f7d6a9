"""What the journeys share: one installation for all that leave its clock alone, and somebody at the desk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import Guest
from tests.installation import Running


@contextmanager
def installation(**environment: str) -> Iterator[Running]:
    """Run everything while the block runs, and remove all of it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="nl-e2e-"))
    running = Running(home / "data", **environment)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Give the installation that the journeys share, as a stranger gets it: every setting at its default."""
    with installation() as found:
        yield found


@pytest.fixture(scope="module")
def moved() -> Iterator[Running]:
    """Give an installation of the file's own, whose clock may be moved."""
    with installation() as found:
        yield found


@pytest.fixture(scope="session")
def desk(running: Running) -> Iterator[Desk]:
    """Give the desk of the shared installation."""
    with Desk(running) as found:
        yield found


@pytest.fixture(scope="module")
def moved_desk(moved: Running) -> Iterator[Desk]:
    """Give the desk of the installation whose clock may be moved."""
    with Desk(moved) as found:
        yield found


@pytest.fixture
def invite() -> Iterator[Callable[[Running], Guest]]:
    """Let guests nobody has met yet come to an installation, and see them off afterwards."""
    with ExitStack() as guests:
        yield lambda running: guests.enter_context(Guest(running))


@pytest.fixture
def guest(running: Running, invite: Callable[[Running], Guest]) -> Guest:
    """Give a guest of the shared installation."""
    return invite(running)
