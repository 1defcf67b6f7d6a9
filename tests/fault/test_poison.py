"""An event that nobody here knows stands in the log: readers stop before it and say where, and the web still answers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest

from aggregates.holder import Holder
from ops.read_models import NAMES
from tests.fault.desk import Stay
from tests.fault.evidence import head_of, settle
from tests.installation import Running, wait_until

INSERT = (
    "INSERT INTO property_ella.events (position, stream, version, topic, payload, occurred_at, recorded_at, command_id)"
    " VALUES (%s, %s, 1, 'reservation.teleported.v9', '{}', now(), now(), %s)"
)
HEAL = "UPDATE property_ella.events SET topic = %s, payload = %s WHERE position = %s"
HARMLESS = Holder.HoldCounted(reservation_id=UUID(int=0), held_until=datetime(2000, 1, 1, tzinfo=UTC))
"""No read model looks at how many holds an address has."""


def positions(running: Running) -> dict[str, int]:
    """Give the positions of the read models that lie in PostgreSQL."""
    with psycopg.connect(running.servers().database_url) as connection:
        return dict(connection.execute("SELECT name, position FROM property_ella.models WHERE live").fetchall())


@pytest.mark.timeout(150)
def test_followers_stop_before_it_and_the_web_goes_on(alone: Running) -> None:
    running = alone
    Stay(running).held()
    settle(running)
    with running.paused("follower"):
        Stay(running).held()
        good = head_of(running)
        with psycopg.connect(running.servers().database_url) as connection:
            connection.execute(INSERT, [good + 1, uuid4(), uuid4()])
    for model in NAMES:
        told = f"{model} of ella stopped after position {good}: UnknownTopic"
        wait_until(lambda told=told: told in running.said(), 30, running.said)  # type: ignore[misc]  # mypy cannot type a bound default
    assert "reservation.teleported.v9" in running.said()

    after = Stay(running).held()
    assert after.told["position"] > good + 1, "the ledger goes on"
    assert httpx.get(after.told["checkout_url"], timeout=20).status_code == 200
    assert httpx.get(f"{running.api}/availability", params=_dates(after), timeout=20).status_code == 200
    assert httpx.get(running.url, timeout=20).status_code == 200
    in_tables = [name for name in NAMES if name not in {"availability", "revenue"}]
    assert positions(running) == dict.fromkeys(in_tables, good), "somebody skipped it"

    wait_until(lambda: "stopped after position" in str(_parts(running)), 20, lambda: str(_parts(running)))
    assert f"stopped after position {good}" in _parts(running)["ella.availability"]

    with psycopg.connect(running.servers().database_url) as connection:
        connection.execute(HEAL, [HARMLESS.topic, msgspec.json.encode(HARMLESS), good + 1])
    wait_until(lambda: min(positions(running).values()) > good + 1, 60, running.said)
    wait_until(lambda: "stopped" not in str(_parts(running)), 60, lambda: str(_parts(running)))


def _parts(running: Running) -> dict[str, str]:
    parts: dict[str, str] = httpx.get(f"{running.url}/readyz", timeout=20).json()["parts"]
    return parts


def _dates(stay: Stay) -> dict[str, str]:
    return {name: stay.content[name] for name in ("arrival", "departure")}
