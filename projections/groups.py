"""Groups in PostgreSQL: one document each, with what became of every room-night of the block. No names of guests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import sql

from aggregates.group import Block, Group, Terms
from ledger import packed
from ledger.event import Recorded
from ledger.log import Connection
from ledger.schema import schema_name
from projections.postgres_model import PostgresModel, Table

NAME = "groups"
LOOKS_AT = frozenset({"group"})
TABLES = (Table("groups", "group_id", "document"),)
CREATION: LiteralString = """
INSERT INTO {schema}.models VALUES ('groups', 1, 0, true) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS {schema}.groups (
    generation integer NOT NULL,
    group_id uuid NOT NULL,
    state text NOT NULL,
    cutoff date NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (generation, group_id)
);
"""


class NightRow(msgspec.Struct, kw_only=True):
    """Rooms of a type on one night: ever blocked, taken out by agreement, picked up, picked up beyond the block, released."""

    room_type: str
    night: date
    blocked: int = 0
    reduced: int = 0
    picked_up: int = 0
    beyond: int = 0
    released: int = 0


class GroupDocument(msgspec.Struct, kw_only=True):
    """All about one group. `version` is its stream's; `nights` are by type and date; `reservations` in order of pick-up."""

    name: str
    rate_plan: str
    state: str
    terms: Terms
    opened_on: date
    version: int
    changed_at: datetime
    nights: dict[str, NightRow] = {}
    reservations: list[UUID] = []
    reason: str = ""


def creation(property_code: str) -> sql.Composed:
    """Give the statements that create a property's table of groups, or leave it as it is."""
    return sql.SQL(CREATION).format(schema=sql.Identifier(schema_name(property_code)))


class Groups:
    """Keeps the groups of one property."""

    def __init__(self, model: PostgresModel) -> None:
        self.model = model
        self.name = NAME

    async def apply(self, connection: Connection, generation: int, before: int, after: int, batch: Sequence[Recorded]) -> bool:
        """Apply what happened between two positions, all in one transaction; tell whether it stood at `before`."""
        own = [recorded for recorded in batch if recorded.event.topic.startswith("group.")]
        async with connection.transaction():
            if not await self.model.advance(connection, generation, before, after):
                return False
            known = await self._read(connection, generation, {recorded.stream for recorded in own})
            for recorded in own:
                fold(known, recorded)
            for group_id, document in known.items():
                await connection.execute(
                    self.model.statement(
                        "INSERT INTO {schema}.groups VALUES (%s, %s, %s, %s, %s::jsonb) ON CONFLICT (generation, group_id)"
                        " DO UPDATE SET state = excluded.state, cutoff = excluded.cutoff, document = excluded.document"
                    ),
                    [generation, group_id, document.state, document.terms.cutoff, msgspec.json.encode(document).decode()],
                )
        return True

    async def _read(self, connection: Connection, generation: int, subjects: Collection[UUID]) -> dict[UUID, GroupDocument]:
        if not subjects:
            return {}
        found = await connection.execute(
            self.model.statement(
                "SELECT group_id, document::text FROM {schema}.groups WHERE generation = %s AND group_id = ANY(%s)"
            ),
            [generation, packed.uuids(subjects)],
        )
        return {subject: read_document(document) for subject, document in await found.fetchall()}


def read_document(text: str) -> GroupDocument:
    """Read a stored document."""
    return msgspec.json.decode(text, type=GroupDocument)


def fold(documents: dict[UUID, GroupDocument], recorded: Recorded) -> None:
    """Take one event of a group into its document."""
    match recorded.event:
        case Group.Opened() as opened:
            documents[recorded.stream] = GroupDocument(
                name=opened.name, rate_plan=opened.rate_plan, state="tentative", terms=opened.terms,
                opened_on=opened.opened_on, version=recorded.version, changed_at=recorded.occurred_at,
            )  # fmt: skip
        case _:
            document = documents[recorded.stream]
            document.version, document.changed_at = recorded.version, recorded.occurred_at
            _change(document, recorded)


def _change(document: GroupDocument, recorded: Recorded) -> None:
    match recorded.event:
        case Group.RoomsBlocked(blocks=blocks):
            _count(document, blocks, "blocked")
        case Group.RoomsReleased(blocks=blocks, reason=reason):
            _count(document, blocks, "reduced" if reason == "reduced" else "released")
        case Group.PickedUp(reservation_id=reservation_id, blocks=blocks, beyond=beyond):
            _count(document, blocks, "picked_up")
            _count(document, beyond, "beyond")
            document.reservations = [*document.reservations, reservation_id]
        case Group.TermsChanged(terms=terms):
            document.terms = terms
        case Group.Confirmed(terms=terms):
            document.state, document.terms = "definite", terms
        case Group.Expired():
            document.state = "expired"
        case Group.Cancelled(reason=reason):
            document.state, document.reason = "cancelled", reason


def _count(document: GroupDocument, blocks: Iterable[Block], what: str) -> None:
    for block in blocks:
        for night in block.dates:
            key = f"{block.room_type} {night}"
            row = document.nights.setdefault(key, NightRow(room_type=block.room_type, night=night))
            setattr(row, what, getattr(row, what) + 1)
