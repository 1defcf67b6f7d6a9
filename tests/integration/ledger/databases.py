"""A database of its own in the server of the tests, for what a schema alone cannot have: role settings, snapshots, versions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo


@contextmanager
def database(server: str, name: str, **settings: str) -> Iterator[str]:
    """Make an empty database with settings of the role, give its address, drop it; what a killed run left goes first."""
    named = sql.Identifier(name)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(named))
        for setting, value in settings.items():
            parts = (named, sql.Identifier(setting), sql.Literal(value))
            connection.execute(sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} SET {} = {}").format(*parts))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(drop)
