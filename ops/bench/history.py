"""Fills a scratch property's log with years of history in little time: copies of one real booking, held and confirmed.

Each copy has its own ids, room and dates. The server itself writes them, so the writer is not part of it; positions stay
consecutive, commands whole and answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from msgspec.json import decode
from psycopg import sql

from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import Asked
from ledger.keys import GuestKeys
from ledger.schema import schema_name
from ops.bench.copied_guests import lend
from ops.bench.draws import LEAD_DAYS, STAY_NIGHTS, Draw
from ops.bench.hotel import listed_as, room_code
from ops.bench.ours import DrawnRoom, hold
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import ROOMS, draws_of
from ops.wiring import wired

CHUNK = 25_000
"""Copies written by one statement."""
EVENTS = """
SELECT stream, version, topic, convert_from(payload, 'UTF8'), occurred_at, recorded_at, command_id, command_index,
    command_count, correlation_id, actor, business_date
FROM {schema}.events WHERE position > %s ORDER BY position
"""
OUTCOMES = "SELECT command_id, position, fingerprint, actor, recorded_at, outcome FROM {schema}.outcomes WHERE position > %s"
# Ids of a copy are hashes of its number, so that a payload and its stream name the same thing.
COPY_EVENTS = """
INSERT INTO {schema}.events (position, stream, version, topic, payload, occurred_at, recorded_at, command_id, command_index,
    command_count, correlation_id, actor, business_date)
SELECT {base} + n * {length} + t.place, md5(t.stream || n)::uuid, t.version, t.topic,
    convert_to(format(t.payload, md5('reservation' || n)::uuid, md5('stay' || n)::uuid,
        'r' || lpad((n % {rooms})::text, 4, '0'), arrival, arrival + 1, arrival + 2, arrival + 3, n,
        key_id, guest, fiscal), 'UTF8'),
    t.occurred_at, t.recorded_at, md5(t.command || n)::uuid, t.index, t.count, t.correlation_id, t.actor, t.business_date
FROM copied_guest, LATERAL (SELECT {first}::date + {nights} * (n / {rooms} % {slots})::integer AS arrival) AS dates,
    (VALUES {rows}) AS t (place, stream, version, topic, payload, occurred_at, recorded_at, command, index, count,
        correlation_id, actor, business_date)
ORDER BY n, t.place
"""
COPY_OUTCOMES = """
INSERT INTO {schema}.outcomes (command_id, position, fingerprint, actor, recorded_at, outcome)
SELECT md5(t.command || n)::uuid, {base} + n * {length} + t.place, t.fingerprint, t.actor, t.recorded_at, t.outcome
FROM generate_series({first_copy}, {last_copy}) AS n,
    (VALUES {rows}) AS t (command, place, fingerprint, actor, recorded_at, outcome)
"""


def fill(site: Site, code: str, events: int, plan: Plan) -> int:
    """Bring the log of a scratch property to `events` events or a few more: its last position."""
    draw = draws_of(ROOMS).draw(1)
    reservation_id, before, keys = asyncio.run(_book_once(site, code, draw))
    sample = Sample(reservation_id, draw)
    schema = sql.Identifier(schema_name(code))
    with site.connect() as connection:
        rows = [sample.event(row) for row in connection.execute(sql.SQL(EVENTS).format(schema=schema), [before])]
        answers = connection.execute(sql.SQL(OUTCOMES).format(schema=schema), [before]).fetchall()
        outcomes = [[sample.command(answer[0]), answer[1] - before, *answer[2:]] for answer in answers]
        base, length = before + len(rows), len(rows)
        copies = max(0, -(-(events - base) // length))
        for first in range(0, copies, CHUNK):
            last = min(first + CHUNK, copies) - 1
            parts = _parts(schema, base, length) | {"first_copy": first, "last_copy": last}
            with connection.transaction():
                lend(connection, keys, first, last)
                connection.execute(sql.SQL(COPY_EVENTS).format(rows=_values(rows), **parts))
                connection.execute(sql.SQL(COPY_OUTCOMES).format(rows=_values(outcomes), **parts))
            plan.say(f"writing history: {base + (last + 1) * length:,} of {events:,} events")
        for table in ("events", "outcomes"):
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}.{}").format(schema, sql.Identifier(table)))
    return base + copies * length


def _parts(schema: sql.Identifier, base: int, length: int) -> dict[str, Any]:
    return {
        "schema": schema, "base": base, "length": length, "rooms": ROOMS, "first": draws_of(ROOMS).first,
        "nights": STAY_NIGHTS, "slots": LEAD_DAYS // STAY_NIGHTS,
    }  # fmt: skip


def _values(rows: Sequence[Sequence[Any]]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in rows)


async def _book_once(site: Site, code: str, draw: Draw) -> tuple[UUID, int, GuestKeys]:
    """Hold and confirm one stay through the product: the reservation, the position before, and the keys store."""
    drawn = DrawnRoom()
    drawn.rooms[draw.arrival].append(room_code(draw.room))
    async with wired(site.settings, connections=2) as wiring:
        before = await wiring.streams(code).head()
        dispatch = wiring.dispatch(listed_as(code), drawn)
        booked = await hold(dispatch, draw)
        assert booked is not None  # noqa: S101 - nobody else books here
        asked = Asked(command_id=uuid4(), actor="key:bench", correlation_id=uuid4())
        await dispatch(ConfirmReservation(reservation_id=booked[0]), asked)
        return booked[0], before, wiring.keys


class Sample:
    """The real booking whose copies are made: what in its payloads is a copy's own."""

    def __init__(self, reservation_id: UUID, draw: Draw) -> None:
        nights = [draw.arrival + timedelta(days=night) for night in range(STAY_NIGHTS + 1)]
        self._reservation_id = reservation_id
        self._own = {str(reservation_id): 1, room_code(draw.room): 3} | {str(night): 4 + at for at, night in enumerate(nights)}
        self._streams: dict[UUID, str] = {reservation_id: "reservation"}
        self._commands: dict[UUID, str] = {}
        self._places = count(1)

    def event(self, row: Sequence[Any]) -> list[Any]:
        """Turn a stored row into one of `COPY_EVENTS`."""
        stream, version, topic, payload, occurred_at, recorded_at, command_id, *rest = row
        label = self._streams.setdefault(stream, f"night {len(self._streams)}")
        command = self.command(command_id)
        return [next(self._places), label, version, topic, self._template(payload), occurred_at, recorded_at, command, *rest]

    def command(self, command_id: UUID) -> str:
        """Name a command of the booking."""
        return self._commands.setdefault(command_id, f"command {len(self._commands)}")

    def _template(self, payload: str) -> str:
        """Put numbered places into a payload, for PostgreSQL's `format`."""
        event = decode(payload)
        own = dict(self._own)
        for stay in event.get("stays", [event]):
            if "stay_id" in stay:
                own[stay["stay_id"]] = 2
        if "confirmation_code" in event:
            guest, fiscal = event["guest"], event["fiscal"]
            own |= {event["confirmation_code"]: 8, guest["key_id"]: 9, guest["box"]: 10, fiscal["box"]: 11}
        text = payload.replace("%", "%%")
        for value, number in own.items():
            text = text.replace(f'"{value}"', f'"%{number}$s"')
        return text
