"""Small histories of a hotel, written straight into a log: what the seal and the auditor read, and tests then damage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from aggregates.room_night import RoomNight
from ledger.event import Event
from ledger.ids import room_night_stream
from ledger.log import EVENT_COLUMNS, Row
from ledger.schema import schema_name
from ops.catalogue import CATALOGUE
from tests.integration.ledger.ledgers import Ledger

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
FIRST_NIGHT = date(2026, 5, 1)
NIGHTS = 3
BOOKING_EVENTS = 2 * NIGHTS
"""Each booking is two commands: its nights are held, and then all confirmed or all given back."""


class History:
    """Writes bookings into a ledger, one after the other, as if they had been made."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.bookings = 0
        self._position = 0

    def happens(self, bookings: int = 1) -> int:
        """Write some more bookings; give the last position."""
        rows = [row for number in range(self.bookings, self.bookings + bookings) for row in self._booking(number)]
        self.bookings += bookings
        write(self.ledger, rows)
        return self._position

    def _booking(self, number: int) -> Iterator[Row]:
        stay, nights = UUID(int=number + 1), [FIRST_NIGHT + timedelta(days=number * NIGHTS + night) for night in range(NIGHTS)]
        until = START + timedelta(days=1)
        hold: list[Event] = [
            RoomNight.HoldRequested(room="g1", stay_date=night, stay_id=stay, reservation_id=stay, held_until=until)
            for night in nights
        ]
        then: list[Event] = [
            RoomNight.BookingConfirmed(room="g1", stay_date=night, stay_id=stay)
            if number % 2
            else RoomNight.HoldReleased(room="g1", stay_date=night, stay_id=stay, reason="expired")
            for night in nights
        ]
        streams = [room_night_stream(self.ledger.code, "g1", night) for night in nights]
        yield from self._command(UUID(int=2 * number), 1, hold, streams)
        yield from self._command(UUID(int=2 * number + 1), 2, then, streams)

    def _command(self, command_id: UUID, version: int, events: Sequence[Event], streams: Sequence[UUID]) -> Iterator[Row]:
        cause = self._position or None
        at = START + timedelta(seconds=self._position)
        for index, (event, stream) in enumerate(zip(events, streams, strict=True)):
            self._position += 1
            yield Row(
                position=self._position, stream=stream, version=version, topic=event.topic, payload=CATALOGUE.encode(event),
                occurred_at=at, recorded_at=at, command_id=command_id, command_index=index, command_count=len(events),
                correlation_id=command_id, cause_position=cause, actor="guest", business_date=at.date(),
            )  # fmt: skip


def write(ledger: Ledger, rows: Sequence[Row]) -> None:
    """Put rows into the table as they are."""
    table = sql.Identifier(schema_name(ledger.code), "events")
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(table, sql.SQL(EVENT_COLUMNS))
    with psycopg.connect(ledger.url, autocommit=True) as connection, connection.cursor().copy(into) as copy:
        for row in rows:
            copy.write_row([getattr(row, column) for column in Row.__struct_fields__])


def ask(ledger: Ledger, question: LiteralString) -> list[tuple[Any, ...]]:
    """Read what a statement gives on the ledger's schema."""
    statement = sql.SQL(question).format(schema=sql.Identifier(schema_name(ledger.code)))
    with psycopg.connect(ledger.url) as connection:
        return connection.execute(statement).fetchall()
