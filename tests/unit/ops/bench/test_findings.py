"""Medians, spreads, ratios of runs that were beside each other, and which goals they miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import findings as module
from ops.bench.findings import Findings, Goal, goals, missed
from ops.bench.result import Result


def test_a_row_is_the_median_with_the_lowest_and_the_highest() -> None:
    findings = Findings("writes")
    findings.add("ours", [3.0, 1.0, 2.0], "bookings/s", clients="2 x 8")
    (row,) = findings.rows
    assert (row.value, row.spread, row.kind, row.details) == (2.0, (1.0, 3.0), "ours", {"clients": "2 x 8"})


def test_a_ratio_compares_neighbours_not_medians() -> None:
    findings = Findings("writes")
    findings.relate("ratio", [10.0, 100.0, 30.0], [5.0, 100.0, 10.0])
    assert findings.ratios == {"ratio": 2.0}


def test_a_peer_without_a_rate_has_no_ratio() -> None:
    findings = Findings("writes")
    findings.relate("ratio", [10.0], [0.0])
    assert findings.ratios == {}


@pytest.mark.parametrize(
    ("goal", "met", "not_met"), [(Goal("a", "", at_least=1.2), 1.2, 1.199), (Goal("b", "", at_most=150.0), 150.0, 150.1)]
)
def test_a_goal_is_met_on_its_bound(goal: Goal, met: float, not_met: float) -> None:
    assert goal.is_met(met)
    assert not goal.is_met(not_met)


def test_every_missed_goal_is_named_with_its_value_and_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tmp_path / "goals.toml"
    wanted.write_text('[fast]\nsays = "x"\nat_least = 2\n[late]\nsays = "y"\nat_most = 5\n', "utf-8")
    monkeypatch.setattr(module, "GOALS", wanted)
    told = Findings("writes", ratios={"fast": 1.9, "late": 4.0, "nobody asked": 0.0})
    assert missed([told]) == ["fast is 1.9, the goal is at least 2"]


def test_the_goals_each_have_one_bound_and_say_what_they_are_about() -> None:
    assert len(goals()) == 21
    for goal in goals().values():
        assert (goal.at_least is None) != (goal.at_most is None), goal.ratio
        assert goal.says


def test_a_result_keeps_what_earlier_runs_on_the_machine_found(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    earlier = Result({"cores": "4"}, {"fsync": "on"}, {"writes": Findings("writes"), "rush": Findings("rush", repeats=9)})
    path.write_text(earlier.text(), "utf-8")
    now = Result({"cores": "4"}, {"fsync": "on"}, {"writes": Findings("writes", repeats=5)})
    together = now.beside(path).benches
    assert {name: findings.repeats for name, findings in together.items()} == {"writes": 5, "rush": 9}


def test_a_result_forgets_other_machines_and_what_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    now = Result({"cores": "4"}, {"fsync": "on"}, {"writes": Findings("writes")})
    assert now.beside(path) is now
    path.write_text(Result({"cores": "8"}, {"fsync": "on"}, {"rush": Findings("rush")}).text(), "utf-8")
    assert now.beside(path) is now
    path.write_text("{", "utf-8")
    assert now.beside(path) is now
