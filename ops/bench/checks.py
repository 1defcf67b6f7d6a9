"""What must be true after a run: every acknowledged booking is there once, no night is held twice, guests read back."""

from __future__ import annotations

import random
from collections.abc import Sequence

from psycopg import sql

from aggregates.reservation import Reservation
from commands.hold_stay import GuestDetails
from ledger.schema import schema_name
from ops.bench.callers import Booked
from ops.bench.draws import Draws, guest_of
from ops.bench.site import Site
from ops.wiring import Wiring, wired

READ_BACK = 500
COUNTED = """
SELECT count(*) FILTER (WHERE topic = 'reservation.held.v1'),
    count(DISTINCT recorded_at) FILTER (WHERE topic = 'reservation.held.v1'),
    coalesce(max(position) - {after}, 0) - count(*)
FROM {events} WHERE position > {after}
"""
# The room and the date are read from the payload, not from the stream's name, so that a wrong name would be found, too.
TWICE = """
SELECT count(*) FROM (
    SELECT FROM (
        SELECT convert_from(payload, 'UTF8')::jsonb AS night FROM {events} WHERE topic = 'room-night.hold-requested.v1'
            AND position > {after}
    ) AS nights GROUP BY night ->> 'room', night ->> 'stay_date' HAVING count(*) > 1
) AS twice
"""
KEPT = "SELECT stream FROM {events} WHERE topic = 'reservation.held.v1' AND position > {after}"


class NotTrue(Exception):
    """A run lost a booking, made one twice, or cannot read one back."""


def require(*, acknowledged: int, found: int, twice: int, subject: str) -> None:
    """Raises NotTrue unless every acknowledged booking was found, and none overlaps another."""
    if acknowledged != found or twice:
        message = f"{subject}: {acknowledged} bookings were acknowledged, {found} are in the database, {twice} are double"
        raise NotTrue(message)


def batch_size(site: Site, code: str, acknowledged: Sequence[Booked], after: int = 0) -> float:
    """Check the log after a position against what was acknowledged, and give the bookings per commit. Raises NotTrue."""
    parts = {"events": sql.Identifier(schema_name(code), "events"), "after": sql.Literal(after)}
    with site.connect() as connection:
        held, commits, holes = connection.execute(sql.SQL(COUNTED).format(**parts)).fetchone() or (0, 0, 0)
        twice = (connection.execute(sql.SQL(TWICE).format(**parts)).fetchone() or (0,))[0]
        kept = {row[0] for row in connection.execute(sql.SQL(KEPT).format(**parts))}
    require(acknowledged=len(acknowledged), found=held, twice=twice, subject="the command path")
    if holes or kept != {booking_id for booking_id, _ in acknowledged}:
        message = f"the command path: {holes} positions are missing, or other bookings are in the log than were acknowledged"
        raise NotTrue(message)
    per_commit: float = held / max(1, commits)
    return per_commit


async def read_back(site: Site, code: str, acknowledged: Sequence[Booked], draws: Draws) -> int:
    """Read random bookings, decrypt the guest and compare with what was sent: how many. Raises NotTrue."""
    chosen = random.sample(list(acknowledged), min(READ_BACK, len(acknowledged)))
    async with wired(site.settings, connections=2) as wiring:
        for booked in chosen:
            await _same(wiring, code, booked, draws)
    return len(chosen)


async def _same(wiring: Wiring, code: str, booked: Booked, draws: Draws) -> None:
    reservation_id, number = booked
    draw = draws.draw(number)
    recorded = (await wiring.streams(code).read([reservation_id]))[0]
    held = recorded.event
    if not isinstance(held, Reservation.Held):
        message = f"the booking {reservation_id} begins with {held.topic} at position {recorded.position}"
        raise NotTrue(message)
    guest = wiring.keys.read(held.guest, reservation_id, recorded.version, "guest")
    sent = GuestDetails.model_validate(guest_of(number)).model_dump()
    dates = held.stays[0].dates
    if guest != sent or (dates.arrival, dates.departure) != (draw.arrival, draw.departure):
        message = f"the booking {reservation_id} at position {recorded.position} reads back otherwise than it was sent"
        raise NotTrue(message)
