"""Tells about groups: terms, block, attrition per night and as a whole, and the rooming list, whose names are personal data."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from psycopg_pool import AsyncConnectionPool

from ledger.keys import GuestKeys
from ledger.log import Connection
from projections.groups import GroupDocument, NightRow, read_document
from projections.postgres_model import PostgresModel
from projections.reservation_document import ReservationDocument
from projections.reservation_document import read_document as read_reservation

FIND = (
    "SELECT model.position, document::text FROM {schema}.models model LEFT JOIN {schema}.groups"
    " ON groups.generation = model.generation AND group_id = %s WHERE model.name = 'groups' AND model.live"
)
LIST = (
    "SELECT group_id, document::text FROM {schema}.groups JOIN {schema}.models model"
    " ON model.name = 'groups' AND model.live AND model.generation = groups.generation"
    " WHERE (%s::text IS NULL OR state = %s) ORDER BY cutoff, group_id"
)
ROOMING = (
    "SELECT reservation_id, state, document::text FROM {schema}.reservations JOIN {schema}.models model"
    " ON model.name = 'reservations' AND model.live AND model.generation = reservations.generation"
    " WHERE reservation_id = ANY(%s)"
)


@dataclass(frozen=True)
class GroupFound:
    """A group as of `position`."""

    group_id: UUID
    document: GroupDocument
    position: int


@dataclass(frozen=True)
class Attrition:
    """Rooms that were agreed, used and not used, for a night of a type, or as a whole. Percentages have one digit.

    `agreed` is what was blocked less what was taken out by agreement; `left` may still be picked up.
    """

    room_type: str
    night: date | None
    agreed: int
    picked_up: int
    beyond: int
    released: int
    left: int

    @property
    def unused_percent(self) -> float:
        """How much of what was agreed is not picked up."""
        return round(100 * (self.agreed - self.picked_up) / self.agreed, 1) if self.agreed else 0.0


class GroupQuery:
    """Groups of one property."""

    def __init__(self, model: PostgresModel, pool: AsyncConnectionPool[Connection], keys: GuestKeys) -> None:
        self._model = model
        self._pool = pool
        self._keys = keys

    async def find(self, group_id: UUID) -> GroupFound | None:
        """Give a group, or nothing."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(self._model.statement(FIND), [group_id])).fetchone()
        return GroupFound(group_id, read_document(row[1]), row[0]) if row and row[1] else None

    async def every(self, state: str | None = None) -> tuple[int, list[GroupFound]]:
        """Give (position, groups by cutoff); only those in a state when one is given."""
        async with self._pool.connection() as connection, connection.transaction():
            position = await self._model.position(connection, await self._model.live(connection))
            rows = await (await connection.execute(self._model.statement(LIST), [state, state])).fetchall()
        return position, [GroupFound(group_id, read_document(document), position) for group_id, document in rows]

    async def rooming_list(self, group_id: UUID) -> list[dict[str, Any]]:
        """List the rooms of a group's guests in order of pick-up, with names in the clear. Raises MasterKeyWrong."""
        group = await self.find(group_id)
        if group is None:
            return []
        async with self._pool.connection() as connection:
            found = await connection.execute(self._model.statement(ROOMING), [group.document.reservations])
            rows = {row[0]: (row[1], read_reservation(row[2])) for row in await found.fetchall()}
        here = [reservation_id for reservation_id in group.document.reservations if reservation_id in rows]
        boxes = [(rows[reservation_id][1].held.guest, reservation_id) for reservation_id in here]
        guests = await asyncio.to_thread(self._keys.read_many, boxes, 1, "guest")
        return [
            _row(reservation_id, rows[reservation_id], guest or {}) for reservation_id, guest in zip(here, guests, strict=True)
        ]


def _row(reservation_id: UUID, found: tuple[str, ReservationDocument], guest: dict[str, Any]) -> dict[str, Any]:
    """Write one room as it is now: dates and party may have been changed, and the room."""
    state, document = found
    row = document.stays[0]
    stay = row.booked
    return {
        "reservation_id": str(reservation_id), "confirmation_code": document.held.confirmation_code, "state": state,
        "room_type": stay.room_type, "room": row.rooms[-1][1], "arrival": stay.dates.arrival,
        "departure": stay.dates.departure, "adults": stay.adults, "children": stay.children,
        "name": guest.get("name", "erased"), "email": guest.get("email", ""), "wishes": list(stay.wishes),
    }  # fmt: skip


def attrition(document: GroupDocument) -> tuple[list[Attrition], Attrition]:
    """Work the attrition out: (by type and night, as a whole)."""
    nights = [_attrition(row) for row in sorted(document.nights.values(), key=lambda row: (row.room_type, row.night))]
    sums = {
        name: sum(getattr(night, name) for night in nights) for name in ("agreed", "picked_up", "beyond", "released", "left")
    }
    return nights, Attrition(room_type="", night=None, **sums)


def _attrition(row: NightRow) -> Attrition:
    agreed = row.blocked - row.reduced
    return Attrition(
        room_type=row.room_type, night=row.night, agreed=agreed, picked_up=row.picked_up, beyond=row.beyond,
        released=row.released, left=agreed - row.picked_up - row.released,
    )  # fmt: skip


def group_as_json(found: GroupFound) -> dict[str, Any]:
    """Write a group for people and programs: everything but the guests' names."""
    document = found.document
    nights, whole = attrition(document)
    return {
        "group_id": str(found.group_id),
        "name": document.name,
        "state": document.state,
        "rate_plan": document.rate_plan,
        **msgspec.to_builtins(document.terms),
        "opened_on": document.opened_on.isoformat(),
        "version": document.version,
        "position": found.position,
        "reservations": [str(reservation_id) for reservation_id in document.reservations],
        "nights": [attrition_as_json(night) for night in nights],
        "whole": attrition_as_json(whole),
        "within_attrition": whole.unused_percent <= document.terms.attrition_percent,
    }


def attrition_as_json(row: Attrition) -> dict[str, Any]:
    """Write one line of the attrition report."""
    of_night = {"room_type": row.room_type, "night": row.night.isoformat()} if row.night else {}
    return {
        **of_night, "agreed": row.agreed, "picked_up": row.picked_up, "beyond_block": row.beyond, "released": row.released,
        "left": row.left, "unused_percent": row.unused_percent,
    }  # fmt: skip
