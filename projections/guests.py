"""Whom to find under which search terms, in PostgreSQL: blind indexes of names, e-mails and phones, never the values.

`person` is the guest id that all bookings of one person share once they were merged; until then it is their own.

Made with the guest's own key, so that an erased guest has none: not after the erasure, and not after a rebuild.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from aggregates.reservation import Reservation
from ledger import packed
from ledger.blind import terms_of
from ledger.event import Recorded
from ledger.keys import GuestKeys, Sealed
from ledger.log import Connection
from ledger.schema import schema_name
from projections.postgres_model import PostgresModel, Table

NAME = "guests"
LOOKS_AT = frozenset({"reservation"})
TABLES = (Table("guests", "reservation_id", "guest_id::text || person || terms::text"),)
TERMS_PURPOSE = "guest terms"
"""What the secret of the search terms is derived for."""
# Without fastupdate: its list of pending terms is worked off by whoever fills it, and search stood still for seconds then.
CREATION: LiteralString = """
INSERT INTO {schema}.models VALUES ('guests', 1, 0, true) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS {schema}.guests (
    generation integer NOT NULL,
    reservation_id uuid NOT NULL,
    guest_id uuid NOT NULL,
    PRIMARY KEY (generation, reservation_id)
);
ALTER TABLE {schema}.guests ADD COLUMN IF NOT EXISTS terms uuid[] NOT NULL DEFAULT '{{}}';
ALTER TABLE {schema}.guests ADD COLUMN IF NOT EXISTS person uuid;
UPDATE {schema}.guests SET person = guest_id WHERE person IS NULL;
ALTER TABLE {schema}.guests ALTER COLUMN person SET NOT NULL;
CREATE INDEX IF NOT EXISTS guests_person ON {schema}.guests (generation, person);
CREATE INDEX IF NOT EXISTS guests_guest ON {schema}.guests (generation, guest_id);
CREATE INDEX IF NOT EXISTS guests_terms ON {schema}.guests USING gin (terms);
ALTER INDEX {schema}.guests_terms SET (fastupdate = off);
DO $$ BEGIN
    IF to_regclass('{schema}.guest_terms') IS NOT NULL THEN
        UPDATE {schema}.guests SET terms = found.terms FROM (
            SELECT generation, reservation_id, array_agg(encode(term, 'hex')::uuid ORDER BY term) AS terms
            FROM {schema}.guest_terms GROUP BY generation, reservation_id
        ) AS found WHERE (guests.generation, guests.reservation_id) = (found.generation, found.reservation_id);
        DROP TABLE {schema}.guest_terms;
    END IF;
END $$;
"""
MEET = (
    "INSERT INTO {schema}.guests (generation, reservation_id, guest_id, person, terms)"
    " SELECT %s, reservation_id, guest_id, guest_id, terms::uuid[]"
    " FROM unnest(%s, %s, %s) AS met(reservation_id, guest_id, terms) ON CONFLICT DO NOTHING"
)
# All bookings that were one person so far come along, whichever of them was merged first.
MERGE = (
    "UPDATE {schema}.guests SET person = whole.person"
    " FROM {schema}.guests AS part, {schema}.guests AS whole"
    " WHERE part.generation = %(generation)s AND part.reservation_id = %(reservation_id)s"
    " AND whole.generation = %(generation)s AND whole.guest_id = %(into)s"
    " AND guests.generation = %(generation)s AND guests.person = part.person"
)
FORGET = "UPDATE {schema}.guests SET terms = '{{}}' WHERE generation = %s AND reservation_id = ANY(%s)"


def creation(property_code: str) -> sql.Composed:
    """Give the statements that create a property's tables of guests, or leave them as they are."""
    return sql.SQL(CREATION).format(schema=sql.Identifier(schema_name(property_code)))


class Guests:
    """Keeps the search terms of one property's guests."""

    def __init__(self, model: PostgresModel, keys: GuestKeys) -> None:
        self.model = model
        self.name = NAME
        self._keys = keys

    async def apply(self, connection: Connection, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions, all in one transaction; tell whether it stood at `before`.

        Raises MasterKeyWrong: search stands still until the keys can be read, and nothing is passed over.
        """
        boxes = {each.stream: each.event.guest for each in batch if isinstance(each.event, Reservation.Held)}
        merged = [(each.stream, each.event.into) for each in batch if isinstance(each.event, Reservation.MergedGuest)]
        erased = [each.stream for each in batch if isinstance(each.event, Reservation.GuestErased)]
        terms = await asyncio.to_thread(self._terms, boxes) if boxes else []
        async with connection.transaction():
            if not await self.model.advance(connection, generation, before, after):
                return False
            if boxes:
                guests = packed.uuids(box.key_id for box in boxes.values())
                columns = (packed.uuids(boxes), guests, packed.texts(terms))
                await connection.execute(self.model.statement(MEET), [generation, *columns], prepare=True)
            for reservation_id, into in merged:
                pair = {"generation": generation, "reservation_id": reservation_id, "into": into}
                await connection.execute(self.model.statement(MERGE), pair)
            if erased:
                await connection.execute(self.model.statement(FORGET), [generation, packed.uuids(erased)])
        return True

    def _terms(self, boxes: Mapping[UUID, Sealed]) -> list[str]:
        """Write out the terms of each guest as an array, in order; none of those whose key is gone."""
        secret = self._keys.derive(TERMS_PURPOSE)
        guests = self._keys.read_many([(box, stream) for stream, box in boxes.items()], 1, "guest")
        return [_array(terms_of(secret, guest)) if guest is not None else "{}" for guest in guests]


def _array(terms: Iterable[bytes]) -> str:
    """Write an array as PostgreSQL reads it; a term has as many bytes as a uuid."""
    return "{" + ",".join(sorted(term.hex() for term in terms)) + "}"
