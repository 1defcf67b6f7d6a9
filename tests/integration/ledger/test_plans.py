"""No statement of the log reads the whole table, also where PostgreSQL has no statistics yet and plans for any parameter."""

from __future__ import annotations

import psycopg
import pytest

from ledger import log
from ledger.schema import schema_name
from tests.integration.ledger.ledgers import Ledger

EVENTS = 120_000
FILL = (
    "INSERT INTO {schema}.events (position, stream, version, topic, payload, occurred_at, recorded_at)"
    " SELECT number, gen_random_uuid(), 1, 't.t.v1', convert_to(repeat(md5(number::text), 12), 'UTF8'), now(), now()"
    " FROM generate_series(1, 120_000) AS number"
)
ASKED = {
    "READ": ("uuid[], bigint, bigint, uuid[]", f"'{{}}', {EVENTS - 10}, {EVENTS + log.MOST_NEWS}, '{{}}'"),
    "STREAMS": ("uuid[]", "'{}'"),
    "TAIL": ("bigint, integer", f"{EVENTS // 2}, 1000"),
    "AGE": ("bigint", f"{EVENTS}"),
    "HEAD": ("", ""),
}


def plan(ledger: Ledger, statement: str, kinds: str, values: str) -> str:
    """Explain a statement as it is planned once for all parameters."""
    places = iter(range(1, 10))
    text = statement.format(schema=schema_name(ledger.code), columns=log.EVENT_COLUMNS)
    text = "".join(part + f"${next(places)}" for part in text.split("%s")[:-1]) + text.split("%s")[-1]
    with psycopg.connect(ledger.url, autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE asked{f'({kinds})' if kinds else ''} AS {text}".encode())
        found = connection.execute(f"EXPLAIN EXECUTE asked{f'({values})' if values else ''}".encode()).fetchall()
    return "\n".join(line for (line,) in found)


@pytest.mark.parametrize("analysed", [False, True])
def test_every_statement_goes_by_an_index(ledger: Ledger, *, analysed: bool) -> None:
    ledger.damage("ALTER TABLE {schema}.events SET (autovacuum_enabled = off)")
    ledger.damage(FILL)
    if analysed:
        ledger.damage("ANALYZE {schema}.events")
    for name, (kinds, values) in ASKED.items():
        found = plan(ledger, getattr(log, name), kinds, values)
        assert "Seq Scan on events" not in found, f"{name}:\n{found}"


def test_control_news_without_an_upper_end_read_the_whole_table(ledger: Ledger) -> None:
    ledger.damage("ALTER TABLE {schema}.events SET (autovacuum_enabled = off)")
    ledger.damage(FILL)
    endless = log.READ.replace(" AND position <= %s", "")
    assert endless != log.READ
    found = plan(ledger, endless, "uuid[], bigint, uuid[]", f"'{{}}', {EVENTS - 10}, '{{}}'")
    assert "Seq Scan on events" in found
