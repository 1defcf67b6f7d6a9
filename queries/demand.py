"""Tells who waits for a room, what became of the offers, and who was turned away. Names are decrypted when asked."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import msgspec
from psycopg_pool import AsyncConnectionPool

from ledger.keys import GuestKeys, Sealed
from ledger.log import Connection
from projections.postgres_model import PostgresModel

WAITING = (
    "SELECT entry_id, waitlist.state, coalesce(reservations.state, ''), room_type, waitlist.arrival, waitlist.departure,"
    " held_until, waitlist.document->'guest' AS guest, waitlist.document->>'rate_plan', (waitlist.document->>'adults')::int,"
    " (waitlist.document->>'children')::int"
    " FROM {schema}.waitlist JOIN {schema}.models model"
    " ON model.name = 'demand' AND model.live AND model.generation = waitlist.generation"
    " LEFT JOIN {schema}.reservations ON reservation_id = entry_id AND reservations.generation ="
    " (SELECT generation FROM {schema}.models WHERE name = 'reservations' AND live)"
    " WHERE %s OR waitlist.state = 'waiting' ORDER BY joined"
)
TURNED_AWAY = (
    "SELECT reason, denied, count(*), sum(rooms), sum(rooms * (departure - arrival)) FROM {schema}.turnaways"
    " JOIN {schema}.models model ON model.name = 'demand' AND model.live AND model.generation = turnaways.generation"
    " WHERE asked_on BETWEEN %s AND %s GROUP BY reason, denied ORDER BY 5 DESC, reason"
)
BECAME = {
    "held": "offered", "confirmed": "accepted", "in_house": "accepted", "checked_out": "accepted", "no_show": "accepted",
    "cancelled": "accepted", "abandoned": "declined", "expired": "lapsed",
}  # fmt: skip
"""State of the reservation that an offer made → what that says of the offer."""
WITHOUT_OFFER = frozenset({"waiting", "withdrawn", "past"})


class DemandQuery:
    """Waitlist and turnaways of one property."""

    def __init__(self, model: PostgresModel, pool: AsyncConnectionPool[Connection], keys: GuestKeys) -> None:
        self._model = model
        self._pool = pool
        self._keys = keys

    async def waiting(self, *, ended: bool = False) -> tuple[int, list[dict[str, Any]]]:
        """Give (position, who waits), first come first, with names in the clear; with `ended` those too who do not any more.

        `state` is waiting, offered, accepted, declined, lapsed, withdrawn or past. Raises MasterKeyWrong.
        """
        async with self._pool.connection() as connection, connection.transaction():
            position = await self._model.position(connection, await self._model.live(connection))
            rows = await (await connection.execute(self._model.statement(WAITING), [ended])).fetchall()
        boxes = [(msgspec.convert(row[7], Sealed), row[0]) for row in rows]
        guests = await asyncio.to_thread(self._keys.read_many, boxes, 1, "guest")
        return position, [
            {
                "entry_id": str(row[0]), "state": row[1] if row[1] in WITHOUT_OFFER else BECAME.get(row[2], "offered"),
                "room_type": row[3], "rate_plan": row[8], "arrival": row[4].isoformat(), "departure": row[5].isoformat(),
                "adults": row[9], "children": row[10], "held_until": row[6].isoformat() if row[6] else None,
                "name": (guest or {}).get("name", "erased"), "email": (guest or {}).get("email", ""),
            }
            for row, guest in zip(rows, guests, strict=True)
        ]  # fmt: skip

    async def turned_away(self, first: date, last: date) -> tuple[int, list[dict[str, Any]]]:
        """Give (position, counts) of the turnaways asked between two days, both included, by reason; most room-nights first."""
        async with self._pool.connection() as connection, connection.transaction():
            position = await self._model.position(connection, await self._model.live(connection))
            rows = await (await connection.execute(self._model.statement(TURNED_AWAY), [first, last])).fetchall()
        return position, [
            {"reason": reason, "denied": denied, "enquiries": enquiries, "rooms": int(rooms), "room_nights": int(nights)}
            for reason, denied, enquiries, rooms, nights in rows
        ]
