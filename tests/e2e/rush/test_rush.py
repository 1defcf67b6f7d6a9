"""The rush on the last rooms: `nightledger stress` against two web processes, as an operator would type it."""

from __future__ import annotations

import json

import pytest

from tests.installation import Running

ATTEMPTS, WEB_PROCESSES = 500, 2


@pytest.mark.parametrize("rooms", [1, 7])
def test_exactly_as_many_winners_as_rooms(running: Running, rooms: int) -> None:
    assert len(running.parts("web")) == WEB_PROCESSES
    run = running.run("stress", "--attempts", str(ATTEMPTS), "--rooms", str(rooms), "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout)
    print(f"{rooms} room(s): {found}")
    assert found["winners"] == rooms
    assert found["refusals"] == ATTEMPTS - rooms
    assert found["errors"] == 0
