"""Reservations in PostgreSQL: one document each. What is in it is told in `reservation_document`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from aggregates.reservation import Reservation
from ledger import packed
from ledger.event import Recorded
from ledger.log import Connection
from projections.kept import Kept
from projections.postgres_model import PostgresModel, Table
from projections.reservation_document import ReservationDocument, fold, read_document, reservation_of, write_document
from projections.stays import shown

NAME = "reservations"
LOOKS_AT = frozenset({"reservation", "payment", "notification"})
TABLES = (Table("reservations", "reservation_id", "document"),)


class Reservations:
    """Keeps the documents of one property."""

    def __init__(self, model: PostgresModel) -> None:
        self.model = model
        self.name = NAME
        self._kept = Kept[ReservationDocument]()

    async def apply(self, connection: Connection, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions, all in one transaction; tell whether it stood at `before`."""
        known = self._kept.lend(generation, before)
        touched = {subject for recorded in batch if (subject := reservation_of(recorded)) is not None}
        begun = {recorded.stream for recorded in batch if isinstance(recorded.event, Reservation.Held)}
        async with connection.transaction():
            if not await self.model.advance(connection, generation, before, after):
                return False
            missing = [subject for subject in touched if subject not in begun and subject not in known]
            known |= await self._read(connection, generation, missing)
            for recorded in batch:
                fold(known, recorded)
            await self._write(connection, generation, {subject: known[subject] for subject in touched})
        self._kept.keep(generation, after, known, touched)
        return True

    async def _read(
        self, connection: Connection, generation: int, subjects: Collection[UUID]
    ) -> dict[UUID, ReservationDocument]:
        if not subjects:
            return {}
        found = await connection.execute(
            self.model.statement(
                "SELECT reservation_id, document::text FROM {schema}.reservations"
                " WHERE generation = %s AND reservation_id = ANY(%s)"
            ),
            [generation, packed.uuids(subjects)],
        )
        return {subject: read_document(document) for subject, document in await found.fetchall()}

    async def _write(self, connection: Connection, generation: int, documents: dict[UUID, ReservationDocument]) -> None:
        if not documents:
            return
        stays = [[stay.dates for stay in shown(document.stays)] for document in documents.values()]
        await connection.execute(
            self.model.statement(
                "INSERT INTO {schema}.reservations"
                " SELECT %s, id, state, code, arrival, departure, convert_from(document, 'UTF8')::jsonb"
                " FROM unnest(%s, %s, %s, %s, %s, %s) AS written(id, state, code, arrival, departure, document)"
                " ON CONFLICT (generation, reservation_id) DO UPDATE SET state = excluded.state, document = excluded.document,"
                " arrival = excluded.arrival, departure = excluded.departure"
            ),
            [
                generation,
                packed.uuids(documents),
                packed.texts(document.state for document in documents.values()),
                packed.texts(document.held.confirmation_code for document in documents.values()),
                packed.dates(min(dates.arrival for dates in each) for each in stays),
                packed.dates(max(dates.departure for dates in each) for each in stays),
                packed.blobs(map(write_document, documents.values())),
            ],
            prepare=True,
        )
