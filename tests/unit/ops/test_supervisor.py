"""How long the supervisor waits before it starts something again; real processes are in the integration tests."""

import pytest

from ops.supervisor import restart_delay


@pytest.mark.parametrize(
    ("quick_deaths", "seconds"),
    [(1, 0.1), (2, 0.2), (3, 0.4), (5, 1.6), (6, 3.2), (7, 5.0), (8, 5.0), (10_000, 5.0)],
)
def test_delay_doubles_up_to_five_seconds(quick_deaths: int, seconds: float) -> None:
    assert restart_delay(quick_deaths) == pytest.approx(seconds)
