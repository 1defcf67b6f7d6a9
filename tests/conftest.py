"""What every test gets: its kind from its folder, the Hypothesis profiles with a printed seed, the summary by kind.

Servers and sandboxes are fixtures of the folders that need them, not of this file.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, Phase, settings

KINDS = ("unit", "property", "integration", "e2e", "browser", "fault", "tidy")

HERE = Path(__file__).parent
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")

_ALL_PHASES = tuple(phase for phase in Phase if phase is not Phase.explain)
_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile(
    "ci", max_examples=100, stateful_step_count=30, deadline=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)
settings.register_profile("nightly", settings.get_profile("ci"), max_examples=1000, stateful_step_count=300, phases=_ALL_PHASES)
settings.register_profile(
    "mutation", settings.get_profile("ci"), max_examples=15, stateful_step_count=15, derandomize=True, database=None
)
settings.load_profile(PROFILE)


def kind_of(path: Path) -> str:
    """Name the kind of the test file at `path`: its folder below `tests/`, or `tidy` for a file of the top."""
    first = path.relative_to(HERE).parts[0]
    return first if first in KINDS else "tidy"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of this run before Hypothesis looks for one; worker processes inherit it."""
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = random.SystemRandom().randrange(2**32)


def pytest_report_header(config: pytest.Config) -> str:
    """Print how to get the same examples again."""
    return _how_to_repeat(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its kind."""
    for item in items:
        item.add_marker(getattr(pytest.mark, kind_of(item.path)))
    if PROFILE == "mutation":  # the quickest first: most mutants meet the test that notices them at once
        items.sort(key=lambda item: KINDS.index(kind_of(item.path)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the number of tests per kind, above pytest's own last line."""
    by_kind: Counter[str] = Counter()
    not_passed: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped", "xfailed"):
        for report in terminalreporter.stats.get(outcome, []):
            if isinstance(report, pytest.TestReport):
                kind = kind_of(Path(config.rootpath, report.nodeid.partition("::")[0]))
                by_kind[kind] += 1
                not_passed[kind] += outcome != "passed"
    terminalreporter.section("tests per kind")
    for kind in KINDS:
        if by_kind[kind]:
            remark = f"   ({not_passed[kind]} not passed)" if not_passed[kind] else ""
            terminalreporter.write_line(f"{kind:<12} {by_kind[kind]:>5}{remark}")
    terminalreporter.write_line(_how_to_repeat(config))


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Hand out `missing(what)`: skips on a laptop, fails in CI (CI=true), so that nothing is left out unseen there."""

    def give_up(what: str) -> NoReturn:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"{what} is missing, and CI must run everything", pytrace=False)
        pytest.skip(f"{what} is missing")

    return give_up


@pytest.fixture(scope="session")
def effort() -> int:
    """Tell how often a test repeats its kills and rounds: 1, or 10 at night."""
    return 10 if PROFILE == "nightly" else 1


def _how_to_repeat(config: pytest.Config) -> str:
    return f"hypothesis profile {PROFILE}, repeat with --hypothesis-seed={config.getoption('hypothesis_seed')}"
