"""Move a stay to another room, whole or from a night on (which splits it); price and dates stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from aggregates.reservation import Reservation
from commands.changing_rooms import (
    NotThere,
    because,
    movable_from,
    moves_to,
    must_be_empty,
    must_not_be_pinned,
    must_take,
    nights_relied_on,
    streams_before,
    streams_entered,
)
from commands.desk import Desk, desk_of, reads_of
from commands.moving import changes_of
from ledger.command import Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream
from ledger.refusal import Refusal
from ledger.stay import LiveStay


class MoveStay(Command):
    """Without `first_night`, all nights that are not past move."""

    reservation_id: UUID
    stay_id: UUID
    room: str = Field(min_length=1, max_length=60)
    first_night: date | None = None
    reason: Literal["request", "maintenance", "upgrade", "other"] = "request"
    expected_version: int | None = None

    class NightOutside(Refusal):
        code = "stay.night_outside"
        field = "first_night"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights, those entered, and who is in the room."""
    command, code = envelope.asks(MoveStay), envelope.property_code
    yield property_stream(code)
    yield from reads_of(envelope, known, command.reservation_id)
    stay = known.get(Reservation, command.reservation_id).live.get(command.stay_id)
    if stay is not None:
        moves = moves_to(command.room, stay, command.reservation_id, date.min)
        yield from (*streams_entered(moves, code), *nights_relied_on(moves, code))
    yield from streams_before(envelope, known, command.room)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Move it or say why not.

    Refusals in order: reservation, version, stay and its state, night, nothing to move, pin, room, party, taken nights, last
    guests still in the room.
    """
    command = envelope.asks(MoveStay)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "confirmed", "checked_in")
    moves = moves_to(command.room, stay, command.reservation_id, _first_night(desk, stay, command))
    if not moves:
        raise NotThere(f"The stay has no night left that is not in room {command.room}: choose another room or night.")
    must_not_be_pinned(stay)
    must_take(desk, command.room, stay, moves)
    if stay.state == "checked_in" and moves[0].first_night == desk.today:
        must_be_empty(desk, command.room, stay.stay_id)
    return Decision(
        changes=because(changes_of(moves, known, desk.code, "move"), command.reason),
        guards=(property_stream(desk.code), *nights_relied_on(moves, desk.code)),
        answer={"reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "room": command.room},
    )


def _first_night(desk: Desk, stay: LiveStay, command: MoveStay) -> date:
    earliest = movable_from(stay, desk.today)
    first = command.first_night or earliest
    if not earliest <= first < stay.booked.dates.departure:
        raise MoveStay.NightOutside(
            f"Only nights from {earliest} up to the departure on {stay.booked.dates.departure} can move: choose one of them."
        )
    return first


HANDLER = Handler(reads, decide)
