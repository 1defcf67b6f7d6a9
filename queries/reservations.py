"""Tells all about one reservation. The guest's details are decrypted here, at query time, and nowhere before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from ledger.keys import GuestKeys, MasterKeyWrong, Sealed
from ledger.log import Connection
from projections.postgres_model import PostgresModel
from projections.reservation_document import ReservationDocument, fold, payments_of, read_document
from queries.streams import Streams

ERASED: Mapping[str, str] = {"name": "erased", "email": "", "phone": "", "country": "", "requests": "", "language": "en"}

LOCKED: Mapping[str, str] = {**ERASED, "name": "unreadable"}
"""What is shown under a wrong or lost master key, and where a log was imported without its keys."""


@dataclass(frozen=True)
class Note:
    """What somebody noted, in the clear: about a stay, or, without one, about the whole reservation."""

    at: datetime
    actor: str
    text: str
    stay_id: UUID | None = None


@dataclass(frozen=True)
class ReservationFound:
    """A reservation as of `position`. Personal data in the clear: `guest`, `notes`, and `named`, the guests by stay."""

    reservation_id: UUID
    document: ReservationDocument
    guest: Mapping[str, Any]
    position: int
    notes: Sequence[Note] = ()
    named: Mapping[UUID, Sequence[Mapping[str, str]]] = field(default_factory=dict)


class ReservationQuery:
    """Reservations of one property."""

    def __init__(self, model: PostgresModel, pool: AsyncConnectionPool[Connection], keys: GuestKeys, streams: Streams) -> None:
        self._model = model
        self._pool = pool
        self._keys = keys
        self._streams = streams

    async def find(self, reservation_id: UUID) -> ReservationFound | None:
        """Give a reservation as the projection knows it, or nothing."""
        async with self._pool.connection() as connection:
            found = await connection.execute(
                self._model.statement(
                    "SELECT model.position, document::text FROM {schema}.models model"
                    " LEFT JOIN {schema}.reservations USING (generation)"
                    " WHERE model.name = %s AND model.live AND reservation_id = %s"
                ),
                [self._model.name, reservation_id],
            )
            row = await found.fetchone()
        if row is None:
            return None
        document = read_document(row[1])
        return await self._opened(reservation_id, document, row[0])

    async def from_ledger(self, reservation_id: UUID) -> ReservationFound | None:
        """Give a reservation folded from the log at this moment, or nothing; for what must not wait for a projection."""
        own = await self._streams.read([reservation_id])
        if not own or not own[0].event.topic.startswith("reservation."):
            return None
        payments = payments_of(own)
        events = sorted(own + (await self._streams.read(payments) if payments else []), key=lambda each: each.position)
        documents: dict[UUID, ReservationDocument] = {}
        for recorded in events:
            fold(documents, recorded)
        if reservation_id not in documents:
            return None
        document = documents[reservation_id]
        return await self._opened(reservation_id, document, events[-1].position)

    async def _opened(self, reservation_id: UUID, document: ReservationDocument, position: int) -> ReservationFound:
        """Open what is sealed in a document; nothing of an erased guest, and nothing without the right master key."""
        if document.erased_at is not None:
            return ReservationFound(reservation_id, document, ERASED, position)
        try:
            guest, notes, named = await asyncio.to_thread(self._open, reservation_id, document)
        except MasterKeyWrong:
            return ReservationFound(reservation_id, document, LOCKED, position)
        return ReservationFound(reservation_id, document, guest or LOCKED, position, notes, named)

    def _open(self, reservation_id: UUID, document: ReservationDocument) -> tuple[Any, list[Note], dict[UUID, Any]]:
        guest = self._keys.read(document.held.guest, reservation_id, 1, "guest")
        if guest is None:
            return None, [], {}

        def added(box: Sealed, name: str, command_id: UUID | None) -> Any:
            return self._keys.read_added(box, reservation_id, command_id or reservation_id, name)

        opened = ((row, added(row.note, "note", row.command_id)) for row in document.notes)
        notes = [Note(row.at, row.actor, note["text"], row.stay_id) for row, note in opened if note is not None]
        named = {
            row.booked.stay_id: added(row.guests, "guests", row.guests_by) or []
            for row in document.stays
            if row.guests is not None
        }
        return guest, notes, named
