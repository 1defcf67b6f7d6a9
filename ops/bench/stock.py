"""Bookings through the stock `eventsourcing` application on its own PostgreSQL recorder, with the same two aggregates.

Written as the library's tutorial teaches it: decorated aggregates, one `save` of all that changed, threads as callers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ops.bench.callers import Book, Booked, Load
from ops.bench.draws import STAY_NIGHTS, Draw, Draws, guest_of
from ops.bench.site import Site


class Taken(Exception):
    """The room-night has a holder."""


class RoomNight(Aggregate):
    """One room on one date."""

    @event("Registered")
    def __init__(self, room: int, stay_date: str) -> None:
        self.room = room
        self.stay_date = stay_date
        self.held_by: UUID | None = None

    @staticmethod
    def create_id(room: int, stay_date: str) -> UUID:
        """Name a room-night."""
        return uuid5(NAMESPACE_OID, f"/room-night/{room}/{stay_date}")

    def hold(self, reservation_id: UUID) -> None:
        """Hold the night. Raises Taken."""
        if self.held_by is not None:
            raise Taken
        self._hold(reservation_id)

    @event("Held")
    def _hold(self, reservation_id: UUID) -> None:
        self.held_by = reservation_id


class Reservation(Aggregate):
    """A booking of one room for some nights."""

    @event("Held")
    def __init__(self, room: int, arrival: str, departure: str, guest: dict[str, Any]) -> None:
        self.room = room
        self.arrival = arrival
        self.departure = departure
        self.guest = guest


class Bookings(Application[UUID]):
    """The booking use case."""

    def book(self, draw: Draw) -> UUID | None:
        """Hold every night and record the reservation, all or none; nothing when a night is taken."""
        reservation = Reservation(
            room=draw.room, arrival=draw.arrival.isoformat(), departure=draw.departure.isoformat(), guest=guest_of(draw.number)
        )
        nights = [self._night(draw.room, draw.arrival + timedelta(days=number)) for number in range(STAY_NIGHTS)]
        try:
            for night in nights:
                night.hold(reservation.id)
            self.save(*nights, reservation)
        except (Taken, IntegrityError):
            return None
        return reservation.id

    def _night(self, room: int, night: date) -> RoomNight:
        text = night.isoformat()
        try:
            found: RoomNight = self.repository.get(RoomNight.create_id(room, text))
        except AggregateNotFoundError:
            return RoomNight(room=room, stay_date=text)
        return found


@dataclass
class Stock(Load):
    """Books through `Bookings` in a schema of its own."""

    threaded = True

    database_url: str
    schema: str

    @classmethod
    def created(cls, site: Site) -> Stock:
        """Make the schema; the library makes its table in it."""
        load = cls(site.database_url, site.new_schema())
        Bookings(env=load.environment(1, creates=True)).close()
        return load

    def environment(self, callers: int, *, creates: bool = False) -> dict[str, str]:
        """Say to the library where its database is; as many connections as callers.

        Only one process `creates` the table: PostgreSQL refuses what several redefine at once.
        """
        parts = conninfo_to_dict(self.database_url)
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts.get("dbname", "")),
            "POSTGRES_HOST": str(parts.get("host", "")),
            "POSTGRES_PORT": str(parts.get("port", "5432")),
            "POSTGRES_USER": str(parts.get("user", "")),
            "POSTGRES_PASSWORD": str(parts.get("password", "")),
            "POSTGRES_SCHEMA": self.schema,
            "POSTGRES_POOL_SIZE": str(callers),
            "POSTGRES_MAX_OVERFLOW": "0",
            "CREATE_TABLE": "yes" if creates else "no",
        }

    @asynccontextmanager
    async def opened(self, draws: Draws, callers: int) -> AsyncIterator[Book]:
        """Open one application; its callers are threads."""
        application = Bookings(env=self.environment(callers))
        coming = iter(draws)

        async def book(_: int) -> Booked | None:
            draw = next(coming)
            booking_id = application.book(draw)
            return None if booking_id is None else (booking_id, draw.number)

        try:
            yield book
        finally:
            application.close()

    def found(self, site: Site) -> tuple[int, int]:
        """Count the reservations in the log, and the room-nights that were held twice."""
        table = sql.Identifier(self.schema, "bookings_events")
        counted = sql.SQL("SELECT count(*) FROM {} WHERE topic LIKE '%%Reservation.Held'").format(table)
        twice = sql.SQL(
            "SELECT count(*) FROM (SELECT FROM {} WHERE topic LIKE '%%RoomNight.Held' GROUP BY originator_id"
            " HAVING count(*) > 1) AS nights"
        ).format(table)
        with site.connect() as connection:
            rows, nights = connection.execute(counted).fetchone(), connection.execute(twice).fetchone()
        return (rows[0] if rows else 0), (nights[0] if nights else 0)
