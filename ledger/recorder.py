"""The same log as a recorder of the `eventsourcing` library, so that whatever is written for the library works on it.

The product's own processes write through the writer; this door is for the library's applications, projections and tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event as Signal
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    DataError,
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)
from psycopg import sql
from psycopg_pool import ConnectionPool

from ledger.clock import Clock
from ledger.log import Batch, append_statement, columns_of
from ledger.schema import schema_name

LOOK_SECONDS = 0.05
PAGE = 500

LibraryConnection = psycopg.Connection[tuple[Any, ...]]
Pool = ConnectionPool[LibraryConnection]
"""Connections in autocommit, as the library's threads share them; the product's own are asynchronous."""

FAULTS: dict[type[psycopg.Error], type[PersistenceError]] = {
    psycopg.IntegrityError: IntegrityError,
    psycopg.ProgrammingError: ProgrammingError,
    psycopg.OperationalError: OperationalError,
    psycopg.DataError: DataError,
    psycopg.InterfaceError: InterfaceError,
    psycopg.Error: PersistenceError,
}
"""What the driver's faults are called in the library."""


class Recorder(ApplicationRecorder):
    """Stored events of one property, over a shared pool. Positions are notification ids: 1, 2, 3 … without a hole."""

    def __init__(self, property_code: str, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._events = sql.Identifier(schema_name(property_code), "events")
        self._append = append_statement(property_code)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Append events as one command and give their positions. Raises IntegrityError when a version is taken."""
        if not stored_events:
            return []
        batch = Batch(
            events=[
                (_uuid(event.originator_id), event.originator_version, event.topic, event.state, 1, index)
                for index, event in enumerate(stored_events)
            ],
            commands=[(None, len(stored_events), self._clock.now(), None, None, "library", None)],
            outcomes=[(None, len(stored_events), b"")],
        )
        with lent(self._pool) as connection:
            row = connection.execute(self._append, columns_of(batch)).fetchone()
        base: int = row[0] if row else 0
        return list(range(base + 1, base + len(stored_events) + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Give the events of a stream by version."""
        statement = sql.SQL(
            "SELECT stream, version, topic, payload FROM {} WHERE stream = %s"
            " AND (%s::integer IS NULL OR version > %s) AND (%s::integer IS NULL OR version <= %s) ORDER BY version {} LIMIT %s"
        ).format(self._events, sql.SQL("DESC" if desc else "ASC"))
        with lent(self._pool) as connection:
            rows = connection.execute(statement, (_uuid(originator_id), gt, gt, lte, lte, limit)).fetchall()
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Give events of all streams in order of position."""
        after = (start or 0) - (1 if inclusive_of_start and start is not None else 0)
        statement = sql.SQL(
            "SELECT stream, version, topic, payload, position FROM {} WHERE position > %s"
            " AND (%s::bigint IS NULL OR position <= %s)"
            " AND (%s::text[] = '{{}}' OR topic = ANY(%s)) ORDER BY position LIMIT %s"
        ).format(self._events)
        wanted = list(topics)
        with lent(self._pool) as connection:
            rows = connection.execute(statement, (after, stop, stop, wanted, wanted, limit)).fetchall()
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        """Give the last position, None when nothing was recorded."""
        with lent(self._pool) as connection:
            row = connection.execute(sql.SQL("SELECT max(position) FROM {}").format(self._events)).fetchone()
        return row[0] if row else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Give all events after a position, and go on with new ones as they come."""
        return LogSubscription(self, gt, topics)


@contextmanager
def lent(pool: Pool) -> Iterator[LibraryConnection]:
    """Lend a connection; faults come out as the library's own."""
    try:
        with pool.connection() as connection:
            yield connection
    except psycopg.Error as wrong:
        kind = next(ours for theirs, ours in FAULTS.items() if isinstance(wrong, theirs))
        raise kind(str(wrong)) from wrong


class LogSubscription(Subscription[ApplicationRecorder]):
    """Looks at the log again and again: the append sends no notice, because that would take a lock on the whole cluster."""

    def __init__(self, recorder: Recorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._page: list[Notification] = []
        self._stopped = Signal()

    def stop(self) -> None:
        """End the subscription, also while it waits."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            if self._page:
                notification = self._page.pop(0)
                self._last_notification_id = notification.id
                return notification
            found = self._recorder.select_notifications(
                self._last_notification_id or 0, PAGE, topics=self._topics, inclusive_of_start=False
            )
            self._page = list(found)
            if not found:
                self._stopped.wait(LOOK_SECONDS)
        raise StopIteration


def _uuid(originator_id: UUID | str) -> UUID:
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
