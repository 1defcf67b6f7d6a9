"""Where a stream begins for those who were away."""

from __future__ import annotations

import pytest

from queries.news import MOST_BEHIND
from web.api.stream import beginning

HEAD = MOST_BEHIND + 500


@pytest.mark.parametrize(
    ("position", "begins"),
    [
        (None, ("position", HEAD)),
        (HEAD, ("position", HEAD)),
        (HEAD - 1, ("position", HEAD - 1)),
        (HEAD + 1, ("position", HEAD)),
        (HEAD - MOST_BEHIND, ("position", HEAD - MOST_BEHIND)),
        (HEAD - MOST_BEHIND - 1, ("reset", HEAD)),
        (0, ("reset", HEAD)),
    ],
)
def test_it_goes_on_where_they_were_unless_that_is_too_long_ago(position: int | None, begins: tuple[str, int]) -> None:
    assert beginning(position, HEAD) == begins
