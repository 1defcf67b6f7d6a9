"""Finds guests by e-mail, phone or words of their name, and says whose a guest's id is. Names are decrypted when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from ledger.blind import is_meant, terms_for
from ledger.keys import GuestKey, GuestKeys, Sealed
from ledger.log import Connection
from projections.guests import TERMS_PURPOSE
from projections.postgres_model import PostgresModel
from projections.reservation_document import read_document
from queries.streams import Streams

MOST_CANDIDATES = 500
"""Reservations that are decrypted for one question, the latest arrivals first."""
CANDIDATES = (
    "WITH meant AS (SELECT reservation_id, person FROM {schema}.guests"
    " WHERE generation = (SELECT generation FROM {schema}.models WHERE name = 'guests' AND live)"
    " AND terms @> %s)"
    " SELECT reservation_id, confirmation_code, state, arrival, departure, document::text, person"
    " FROM meant JOIN {schema}.reservations USING (reservation_id)"
    " WHERE generation = (SELECT generation FROM {schema}.models WHERE name = 'reservations' AND live)"
    " ORDER BY arrival DESC, reservation_id LIMIT %s"
)
OF_PERSON = (
    "SELECT reservation_id FROM {schema}.guests"
    " WHERE generation = (SELECT generation FROM {schema}.models WHERE name = 'guests' AND live) AND person IN"
    " (SELECT person FROM {schema}.guests WHERE guests.reservation_id = %s) AND terms <> '{{}}' ORDER BY reservation_id"
)
OF_GUEST = (
    "SELECT reservation_id FROM {schema}.guests"
    " WHERE generation = (SELECT generation FROM {schema}.models WHERE name = 'guests' AND live)"
    " AND (reservation_id = %s OR guest_id = %s)"
)


@dataclass(frozen=True)
class GuestFound:
    """A guest's booking; `guest` is personal data in the clear. Bookings with the same `person` were merged."""

    reservation_id: UUID
    guest_id: UUID
    confirmation_code: str
    state: str
    arrival: date
    departure: date
    guest: Mapping[str, Any]
    person: UUID


class GuestQuery:
    """Guests of one property."""

    def __init__(self, model: PostgresModel, pool: AsyncConnectionPool[Connection], keys: GuestKeys) -> None:
        self._model = model
        self._pool = pool
        self._keys = keys

    async def find(self, wanted: str) -> list[GuestFound]:
        """List the bookings of whoever is meant, the latest arrival first. Raises MasterKeyWrong."""
        terms = await asyncio.to_thread(lambda: terms_for(self._keys.derive(TERMS_PURPOSE), wanted))
        if not terms:
            return []
        async with self._pool.connection() as connection:
            found = await connection.execute(
                self._model.statement(CANDIDATES), [[UUID(bytes=term) for term in terms], MOST_CANDIDATES]
            )  # fmt: skip
            rows = await found.fetchall()
        boxes = [(read_document(row[5]).held.guest, row[0]) for row in rows]
        guests = await asyncio.to_thread(self._keys.read_many, boxes, 1, "guest")
        return [
            GuestFound(row[0], box.key_id, row[1], row[2], row[3], row[4], guest, row[6])
            for row, (box, _), guest in zip(rows, boxes, guests, strict=True)
            if guest is not None and is_meant(wanted, guest)
        ]

    async def reservation_of(self, subject: UUID) -> UUID | None:
        """Name the reservation of a guest's id; one's own id gives itself. Nothing when there is neither."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(self._model.statement(OF_GUEST), [subject, subject])).fetchone()
        return row[0] if row else None

    async def bookings_of_person(self, reservation_id: UUID) -> list[UUID]:
        """List the bookings, this one too, of the person who made one, without those whose guest was forgotten."""
        async with self._pool.connection() as connection:
            found = await connection.execute(self._model.statement(OF_PERSON), [reservation_id])
            return [each for (each,) in await found.fetchall()]


async def key_of_guest(streams: Streams, keys: GuestKeys, reservation_id: UUID) -> GuestKey | None:
    """Give the key of a reservation's guest; nothing when there is no such reservation, or the key is gone."""
    own = await streams.read([reservation_id])
    sealed = getattr(own[0].event, "guest", None) if own else None
    return await asyncio.to_thread(keys.find, sealed.key_id) if isinstance(sealed, Sealed) else None
