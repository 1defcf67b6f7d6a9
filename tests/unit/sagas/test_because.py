"""Whoever asks for a command says in which conversation, and a saga says because of which event."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregates.payment import Payment
from commands.dispatch import Asked
from ledger.command import Urgency
from ledger.event import Recorded
from sagas.because import because_of
from tests.examples import named

ROOT = Path(__file__).parents[3]
ASKING = ("commands", "web", "ops", "sagas")
NEEDED = {"sagas": {"correlation_id", "cause_position"}}
"""What an `Asked(…)` must say by the folder it is in; elsewhere the conversation is enough: somebody from outside began it."""


def silent(path: str, text: str) -> Iterator[str]:
    """Yield each `Asked(…)` that leaves out what its folder must say."""
    needed = NEEDED.get(path.split("/", maxsplit=1)[0], {"correlation_id"})
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Asked":
            missing = needed - {keyword.arg for keyword in node.keywords}
            if missing:
                yield f"{path}:{node.lineno}: Asked without {', '.join(sorted(missing))}: say why (in a saga: because_of)"


def test_nobody_asks_without_saying_why() -> None:
    made_up = ROOT / "ops" / "bench"
    files = [file for folder in ASKING for file in sorted((ROOT / folder).rglob("*.py")) if made_up not in file.parents]
    said = [line for file in files for line in silent(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))]
    assert said == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("web/doors.py", "Asked(command_id=x, actor='guest')"),
        ("ops/cli/bookings.py", "Asked(command_id=x, actor='cli', cause_position=3)"),
        ("sagas/paying.py", "Asked(command_id=x, actor='saga:paying', correlation_id=y)"),
    ],
)
def test_a_silent_one_is_reported(path: str, text: str) -> None:
    assert list(silent(path, text))


def test_a_saga_asks_because_of_an_event_and_in_its_conversation() -> None:
    cause = Recorded(
        position=17, stream=named("payment"), version=2, event=Payment.CaptureAsked(reservation_id=named("r")),
        occurred_at=datetime(2126, 3, 1, tzinfo=UTC), recorded_at=datetime(2126, 3, 1, tzinfo=UTC),
        correlation_id=named("request"), actor="guest",
    )  # fmt: skip
    assert because_of(cause, named("id"), "paying") == Asked(
        command_id=named("id"),
        actor="saga:paying",
        correlation_id=named("request"),
        cause_position=17,
        urgency=Urgency.PROMISED,
    )
