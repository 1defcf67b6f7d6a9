"""Searches in a table of bookings, as people write them without a read model: rooms that no booking overlaps, and a sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from psycopg import Connection, sql

from ledger.stay_dates import StayDates
from ops.bench.site import Site

Row = tuple[str, date, date]
"""Room, arrival, departure."""
TABLES = """
CREATE TABLE {schema}.rooms (room text PRIMARY KEY, room_type text NOT NULL);
CREATE TABLE {schema}.bookings (room text NOT NULL, arrival date NOT NULL, departure date NOT NULL);
CREATE TABLE {schema}.rates (room_type text NOT NULL, night date NOT NULL, amount_minor integer NOT NULL,
    PRIMARY KEY (room_type, night));
"""
INDEXES = """
CREATE INDEX ON {schema}.bookings (room, arrival, departure);
CREATE INDEX ON {schema}.bookings (arrival, departure);
CREATE INDEX ON {schema}.bookings (departure, arrival);
ANALYZE {schema}.rooms; ANALYZE {schema}.bookings; ANALYZE {schema}.rates;
"""
SEARCH = """
SELECT room_type, count(*), (
    SELECT sum(amount_minor) FROM {schema}.rates
    WHERE rates.room_type = rooms.room_type AND night >= %(arrival)s AND night < %(departure)s
)
FROM {schema}.rooms
WHERE NOT EXISTS (
    SELECT FROM {schema}.bookings
    WHERE bookings.room = rooms.room AND arrival < %(departure)s AND departure > %(arrival)s
)
GROUP BY room_type
"""
NIGHT_MINOR = 10_000
RATED_DAYS = 1_500


@dataclass
class BookingsTable:
    """The table, and a connection that has prepared the search."""

    connection: Connection
    search: sql.Composed

    @classmethod
    @contextmanager
    def filled(cls, site: Site, rooms: Sequence[tuple[str, str]], stays: Sequence[Row]) -> Iterator[Self]:
        """Give the table with rooms, their types, and stays; each index that the search could want is there."""
        schema = sql.Identifier(site.new_schema())
        with site.connect() as connection:
            connection.execute(sql.SQL(TABLES).format(schema=schema))
            nights = [stays[0][1] + timedelta(days=day) for day in range(-30, RATED_DAYS)]
            rates = [(kind, night, NIGHT_MINOR) for kind in sorted({kind for _, kind in rooms}) for night in nights]
            for table, rows in (("rooms", rooms), ("bookings", stays), ("rates", rates)):
                copy = sql.SQL("COPY {}.{} FROM STDIN").format(schema, sql.Identifier(table))
                with connection.cursor().copy(copy) as written:
                    for row in rows:
                        written.write_row(row)
            connection.execute(sql.SQL(INDEXES).format(schema=schema))
            yield cls(connection, sql.SQL(SEARCH).format(schema=schema))

    def left(self, dates: StayDates) -> dict[str, int]:
        """Count the rooms of each type that are free for the stay; types without any are missing."""
        asked = {"arrival": dates.arrival, "departure": dates.departure}
        return {kind: count for kind, count, _ in self.connection.execute(self.search, asked, prepare=True)}
