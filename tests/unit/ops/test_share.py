"""Which read models a follower process leads."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ops.cli.processes import follow
from ops.follow import Share


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_read_model_has_exactly_one_leader(of: int) -> None:
    for place in range(10):
        assert sum(Share(number, of).leads(place) for number in range(1, of + 1)) == 1


@pytest.mark.parametrize("wrong", ["", "1", "0/1", "2/1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_a_share_that_is_none_is_refused(wrong: str) -> None:
    result = CliRunner().invoke(follow, ["--share", wrong])
    assert result.exit_code == 2
    assert "K/N" in result.output
