"""kill -9 of every part in the middle of bookings: what was acknowledged stays, once, and everything finishes."""

from __future__ import annotations

import random
import time

import pytest

from tests.fault.evidence import check_all, head_of, settle
from tests.fault.guests import Booking, Crowd
from tests.installation import ROLES, Running, wait_until

GUESTS = 5
SETTLE_SECONDS = 12.0


@pytest.fixture(scope="module")
def since(running: Running) -> int:
    """Tell where the ledger stood before the tests of this file."""
    return head_of(running)


@pytest.fixture(scope="module")
def journeys() -> list[Booking]:
    """Give the journeys of all tests of this file: they share one ledger."""
    return []


@pytest.mark.timeout(1500)
def test_each_part_killed_while_guests_book(
    running: Running, dice: random.Random, effort: int, journeys: list[Booking], since: int
) -> None:
    crowd = Crowd(running, dice, GUESTS)
    crowd.starts()
    killed: list[str] = []
    for _ in range(effort):
        for role in dice.sample(ROLES, len(ROLES)):
            time.sleep(dice.uniform(0.8, 2.0))
            killed.append(role)
            # What was killed before may have taken this one along: it is killed as soon as it lives again.
            wait_until(lambda role=role: running.kill(role) > 0, 30, running.said)  # type: ignore[misc]  # mypy cannot type a bound default
            wait_until(lambda role=role: bool(running.parts(role)), 30, running.said)  # type: ignore[misc]  # mypy cannot type a bound default
    time.sleep(1)
    bookings = crowd.finishes()
    journeys += bookings
    wait_until(running.is_ready, 30, running.said)
    moves = settle(running, SETTLE_SECONDS)
    ended = check_all(running, journeys, since)
    print(f"killed {', '.join(killed)}: {len(bookings)} journeys ended {dict(ended)}, clock moved {moves} times")
    assert ended["confirmed"] >= len(ROLES)


@pytest.mark.timeout(600)
def test_everything_killed_at_once_then_started_again(
    running: Running, dice: random.Random, effort: int, journeys: list[Booking], since: int
) -> None:
    crowd = Crowd(running, dice, GUESTS)
    crowd.starts()
    for _ in range(effort):
        time.sleep(dice.uniform(1.0, 2.5))
        running.kill_everything()
        started = time.monotonic()
        running.start()
        print(f"up again {time.monotonic() - started:.2f} s after everything was killed")
    bookings = crowd.finishes()
    journeys += bookings
    settle(running, SETTLE_SECONDS)
    print(f"{len(bookings)} journeys ended {dict(check_all(running, journeys, since))}")
