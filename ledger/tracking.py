"""How far readers of the `eventsourcing` library have come in a property's log: one row a reader, moved with its own rows.

For projections that others write with the library and keep in the same PostgreSQL. The product's own read models keep their
positions themselves (`projections/`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder
from psycopg import sql

from ledger.recorder import LibraryConnection, Pool, lent
from ledger.schema import schema_name

TABLE = """
CREATE TABLE IF NOT EXISTS {schema}.tracking (
    application_name text PRIMARY KEY,
    notification_id bigint NOT NULL
);
"""


def creation(property_code: str) -> sql.Composed:
    """Give the statement that creates a property's tracking table, or leaves it as it is."""
    return sql.SQL(TABLE).format(schema=sql.Identifier(schema_name(property_code)))


class Tracker(TrackingRecorder):
    """Positions of readers by application name, over a shared pool. A position only ever moves forward."""

    def __init__(self, property_code: str, pool: Pool) -> None:
        self._pool = pool
        schema = sql.Identifier(schema_name(property_code))
        self._advance = sql.SQL(
            "INSERT INTO {schema}.tracking (application_name, notification_id) VALUES (%s, %s)"
            " ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id"
            " WHERE tracking.notification_id < excluded.notification_id"
        ).format(schema=schema)
        self._reached = sql.SQL("SELECT notification_id FROM {schema}.tracking WHERE application_name = %s").format(
            schema=schema
        )

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a reader's position. Raises IntegrityError when it is there already, or beyond."""
        with self.applying(tracking):
            pass

    @contextmanager
    def applying(self, tracking: Tracking) -> Iterator[LibraryConnection]:
        """Lend a connection in a transaction that moves the reader's position, too: rows and position move together.

        The row lock of the position is taken first, so of several readers of one name only one applies a notification.
        Raises IntegrityError before anything is done when the position is there already, or beyond.
        """
        with lent(self._pool) as connection, connection.transaction():
            moved = connection.execute(self._advance, (tracking.application_name, tracking.notification_id))
            if moved.rowcount == 0:
                message = f"{tracking.application_name} has applied notification {tracking.notification_id} before: skip it"
                raise IntegrityError(message)
            yield connection

    def max_tracking_id(self, application_name: str) -> int | None:
        """Give the position that a reader has reached, None when it has not begun."""
        with lent(self._pool) as connection:
            row = connection.execute(self._reached, (application_name,)).fetchone()
        return row[0] if row else None
