"""Reads the log page by page for one kind of reader: whole commands, and of them only the events that it looks at.

What a reader does not look at is neither sent nor decoded, but its position moves past it. An event of a topic that nobody
here knows is never skipped: the reader that meets it stops.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from ledger.catalogue import Catalogue
from ledger.event import Recorded
from ledger.log import EVENT_COLUMNS, Connection, Row
from ledger.schema import schema_name
from ledger.unreadable import Unreadable
from queries.streams import recorded

PAGE = (
    "SELECT {columns} FROM {schema}.events"
    " WHERE position > %s AND position <= %s AND topic <> ALL(%s) ORDER BY position"
)  # fmt: skip
END = (
    "SELECT position FROM {schema}.events WHERE position > %s AND position <= %s"
    " AND command_index + 1 = command_count ORDER BY position DESC LIMIT 1"
)
HEAD = "SELECT position FROM {schema}.events ORDER BY position DESC LIMIT 1"


class Page(Struct, frozen=True):
    """What the log holds for a reader after the position it stands at, up to and with `upto`: all whole commands."""

    upto: int
    events: list[Recorded]


class Pages:
    """The log of one property, for readers that look at the events of some nouns: the first word of their topics."""

    def __init__(
        self, property_code: str, pool: AsyncConnectionPool[Connection], catalogue: Catalogue, nouns: Collection[str]
    ) -> None:
        parts = {"schema": sql.Identifier(schema_name(property_code)), "columns": sql.SQL(EVENT_COLUMNS)}
        self._page, self._end, self._head = (sql.SQL(text).format(**parts).as_bytes(None) for text in (PAGE, END, HEAD))
        self._pool = pool
        self._catalogue = catalogue
        self._passed_over = [topic for topic in catalogue.stored_topics if topic.partition(".")[0] not in nouns]

    async def head(self) -> int:
        """Give the last position; 0 when nothing happened yet."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(self._head, prepare=True)).fetchone()
        return row[0] if row else 0

    async def after(self, position: int, most: int, head: int) -> Page:
        """Give the page that begins after `position`: about `most` events of the log, and none beyond `head`.

        `head` is a head that the log had: the end of a command. The page ends before an event that cannot be read; one that
        comes first raises Unreadable.
        """
        async with self._pool.connection() as connection:
            upto = await self._end_of_page(connection, position, most, head)
            cursor = connection.cursor(binary=True)
            await cursor.execute(self._page, (position, upto, self._passed_over), prepare=True)
            rows = await cursor.fetchall()
        events: list[Recorded] = []
        for each in rows:
            row = Row(*each)
            try:
                events.append(recorded(self._catalogue, row))
            except Unreadable:
                before = row.position - row.command_index - 1
                if before <= position:
                    raise
                return Page(before, [event for event in events if event.position <= before])
        return Page(upto, events)

    async def _end_of_page(self, connection: Connection, position: int, most: int, head: int) -> int:
        """Find where the last whole command of a page ends; a command larger than a page has one of its own."""
        while head - position > most:
            row = await (await connection.execute(self._end, (position, position + most), prepare=True)).fetchone()
            if row is not None:
                end: int = row[0]
                return end
            most *= 4
        return head
