"""What browser tests share: an installation, Debian's Chromium, and visitors whose consoles must stay silent."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visitor import Visitor
from tests.installation import Running

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
Invite = Callable[..., Visitor]


@contextmanager
def installation() -> Iterator[Running]:
    """Start an installation, and leave nothing of it."""
    home = Path(tempfile.mkdtemp(prefix="nl-browser-"))
    found = Running(home / "data")
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Give the installation that all visitors share."""
    with installation() as found:
        yield found


@pytest.fixture(scope="session")
def browser(missing: Callable[[str], NoReturn]) -> Iterator[Browser]:
    """Start the system's Chromium; root needs it without the sandbox."""
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        missing("chromium (make chromium)")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--disable-dev-shm-usage", *options])
        yield found
        found.close()


@pytest.fixture
def invite(running: Running, browser: Browser) -> Iterator[Invite]:
    """Let visitors come, each with a fresh browser profile; `script=False` has JavaScript turned off."""
    with ExitStack() as visitors:
        yield lambda **options: visitors.enter_context(Visitor(running, browser, **options))


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def visitor(invite: Invite, request: pytest.FixtureRequest) -> Visitor:
    """Give a visitor with JavaScript, and another without."""
    return invite(script=request.param)
