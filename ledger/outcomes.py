"""How long outcomes are kept: answers to guests, staff and channels for a while, those of sagas for ever.

A saga may ask again under the same id after any time; a client whose key is forgotten asks something new. Deleting takes no
lock that an append wants: rows go in small batches, each in a transaction of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import sql

from ledger.log import Connection
from ledger.schema import schema_name

BATCH_OUTCOMES = 2000
WINDOW = timedelta(hours=1)
"""A pass deletes hour by hour, so that each batch looks at few pages of the table."""

# A summary of the pages' times costs an append nothing; an index of single rows would cost each booking an entry.
INDEX = "CREATE INDEX IF NOT EXISTS outcomes_recorded ON {schema}.outcomes USING brin (recorded_at) WITH (autosummarize = on)"
COUNT = (
    "SELECT count(*), min(recorded_at) FROM {schema}.outcomes"
    " WHERE recorded_at < %s AND actor <> 'saga' AND actor NOT LIKE 'saga:%%'"
)
DELETE = (
    "DELETE FROM {schema}.outcomes WHERE command_id IN (SELECT command_id FROM {schema}.outcomes"
    " WHERE recorded_at >= %s AND recorded_at < %s AND actor <> 'saga' AND actor NOT LIKE 'saga:%%' LIMIT %s)"
)


def creation(property_code: str) -> sql.Composed:
    """Give the statement that lets old outcomes be found, or leaves it as it is."""
    return sql.SQL(INDEX).format(schema=sql.Identifier(schema_name(property_code)))


class Outcomes:
    """The recorded outcomes of one property, by age."""

    def __init__(self, property_code: str) -> None:
        schema = sql.Identifier(schema_name(property_code))
        self._count, self._delete = (sql.SQL(text).format(schema=schema).as_bytes(None) for text in (COUNT, DELETE))

    async def older(self, connection: Connection, end: datetime) -> tuple[int, datetime | None]:
        """Count the outcomes recorded before a moment that are not kept for ever, and give when the first was recorded."""
        row = await (await connection.execute(self._count, [end])).fetchone()
        return (row[0], row[1]) if row else (0, None)

    async def forget(self, connection: Connection, end: datetime) -> int:
        """Delete those outcomes, on a connection in autocommit; give how many."""
        _, since = await self.older(connection, end)
        forgotten = 0
        while since is not None and since < end:
            until = min(since + WINDOW, end)
            gone = await connection.execute(self._delete, [since, until, BATCH_OUTCOMES])
            forgotten += gone.rowcount
            if gone.rowcount < BATCH_OUTCOMES:
                since = until
        return forgotten
