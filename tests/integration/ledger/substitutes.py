"""Append functions with one part changed, put in place of a test ledger's own; the product has no switch for any of this."""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg import sql

from ledger.schema import schema_name
from tests.integration.ledger.ledgers import Ledger

WIDEST_COMMAND = 100
"""More events than a test appends at once; what the sequence leaves between two appends."""


def rewrite_append(ledger: Ledger, *changes: tuple[str, str], more: str = "") -> None:
    """Replace parts of the ledger's append function; each must be there once. `{schema}` may be named in all of them."""
    schema = f'"{schema_name(ledger.code)}"'
    with psycopg.connect(ledger.url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_get_functiondef(%s::regproc)", [f"{schema}.append"]).fetchone()
        assert row is not None
        text: str = row[0]
        for old, new in changes:
            assert text.count(old.format(schema=schema)) == 1, f"{old!r} is not once in the append function any more"
            text = text.replace(old.format(schema=schema), new.format(schema=schema))
        connection.execute((more.format(schema=schema) + text).encode())


def number_by_a_sequence(ledger: Ledger) -> None:
    """Positions from a plain sequence and no lock, as a table with `bigserial` has them."""
    rewrite_append(
        ledger,
        ("PERFORM 1 FROM {schema}.ledger FOR NO KEY UPDATE;", ""),
        ("base_position := coalesce(base_position, 0);", "base_position := nextval('{schema}.positions');"),
        more=f"CREATE SEQUENCE {{schema}}.positions INCREMENT BY {WIDEST_COMMAND};",
    )


def number_by_a_head_row(ledger: Ledger) -> None:
    """The next position kept in a row that every append updates."""
    rewrite_append(
        ledger,
        ("PERFORM 1 FROM {schema}.ledger FOR NO KEY UPDATE;", "UPDATE {schema}.ledger SET epoch = epoch + 1;"),
    )


def tell_the_time_by_a_table(ledger: Ledger) -> None:
    """The server's clock, set by `UPDATE … clock`, because no test can turn the real one back."""
    rewrite_append(
        ledger,
        ("clock_timestamp()", "(SELECT moment FROM {schema}.clock)"),
        more="CREATE TABLE {schema}.clock AS SELECT now() AS moment;",
    )


def set_clock(ledger: Ledger, moment: datetime) -> None:
    """Set the clock of `tell_the_time_by_a_table`."""
    statement = sql.SQL("UPDATE {}.clock SET moment = {}").format(sql.Identifier(schema_name(ledger.code)), sql.Literal(moment))
    with psycopg.connect(ledger.url, autocommit=True) as connection:
        connection.execute(statement)
