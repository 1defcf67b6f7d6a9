"""Reading lists with a period or state that cannot be: refused with the field's own name, never answered with an empty list."""

from __future__ import annotations

import pytest

from tests.e2e.bad_input.problems import assert_problem
from tests.e2e.desk import Desk

BACKWARDS = {"from": "2126-03-02", "to": "2126-03-01"}


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("turnaways", BACKWARDS, "to"),
        ("calendar", {"room_type": "garden-room", **BACKWARDS}, "to"),
        ("groups", {"state": "asleep"}, "state"),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, path: str, asked: dict[str, str], field: str) -> None:
    assert_problem(desk.http.get(f"{desk.running.api}/{path}", params=asked), 422, "malformed", field)


def test_the_command_line_refuses_it_too(desk: Desk) -> None:
    said = desk.running.run("turnaway", "report", "--from", BACKWARDS["from"], "--to", BACKWARDS["to"])
    assert said.returncode == 2
    assert "--to is before --from" in said.stderr
