"""Check guests in: on the day of arrival, or later while the stay lasts, into their room or another free one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from aggregates.reservation import Reservation
from commands.changing_rooms import (
    because,
    moves_to,
    must_be_empty,
    must_not_be_pinned,
    must_take,
    nights_relied_on,
    streams_before,
    streams_entered,
)
from commands.desk import ONE_DAY, Desk, desk_of, money, reads_of
from commands.hold_stay import LARGEST_PAYMENT_MINOR
from commands.moving import Move, changes_of
from ledger.command import Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream
from ledger.money import Money
from ledger.refusal import Refusal
from ledger.stay import LiveStay


class CheckIn(Command):
    """Without `room` it is the one that they have. `fee_minor` is what coming before the check-in time costs, if anything."""

    reservation_id: UUID
    stay_id: UUID
    room: str | None = Field(default=None, min_length=1, max_length=60)
    fee_minor: int = Field(default=0, ge=0, le=LARGEST_PAYMENT_MINOR)
    expected_version: int | None = None

    class TooEarly(Refusal):
        code = "stay.not_due"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the property, the reservation, its payments and its room-nights, those entered, and who may be in the room."""
    command, code = envelope.asks(CheckIn), envelope.property_code
    yield property_stream(code)
    yield from reads_of(envelope, known, command.reservation_id)
    stay = known.get(Reservation, command.reservation_id).live.get(command.stay_id)
    if stay is None:
        return
    if command.room is not None:
        moves = moves_to(command.room, stay, command.reservation_id, date.min)
        yield from (*streams_entered(moves, code), *nights_relied_on(moves, code))
    for room in {command.room or room for _, room in stay.segments}:
        yield from streams_before(envelope, known, room)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Check them in or say why not.

    Refusals in order: reservation, version, stay and its state, past stay, day of arrival, then of another room its pin, the
    room, party and taken nights; last guests still in the room.
    """
    command = envelope.asks(CheckIn)
    desk = desk_of(envelope, known, now, command.reservation_id, command.expected_version)
    stay = desk.stay_in(command.stay_id, "confirmed")
    desk.must_not_be_over(stay)
    if stay.booked.dates.arrival > desk.today:
        raise CheckIn.TooEarly(
            f"The guests are expected on {stay.booked.dates.arrival}, not today: change the arrival to today first.",
            arrival=stay.booked.dates.arrival.isoformat(),
        )
    room = command.room or stay.room_on(_tonight(desk, stay))
    moves = _moves(desk, stay, command)
    must_be_empty(desk, room, stay.stay_id)
    early = _is_early(desk, stay)
    fee = Money(command.fee_minor, desk.nothing.currency)
    arrived = Reservation.StayCheckedIn(stay_id=stay.stay_id, room=room, early=early, fee=fee)
    return Decision(
        changes=[*because(changes_of(moves, known, desk.code, "move"), "request"), *desk.tell(arrived)],
        guards=(property_stream(desk.code), *nights_relied_on(moves, desk.code)),
        answer={
            "reservation_id": str(desk.reservation_id), "stay_id": str(stay.stay_id), "state": "checked_in", "room": room,
            "early": early, "fee": money(fee),
        },
    )  # fmt: skip


def _is_early(desk: Desk, stay: LiveStay) -> bool:
    """Tell whether they come before the check-in time; a room for the day is theirs all day."""
    first_day = stay.booked.dates.arrival == desk.today and stay.booked.slot == "night"
    return first_day and desk.now < desk.time_of(desk.today, desk.definition.check_in_time)


def _tonight(desk: Desk, stay: LiveStay) -> date:
    """Tell the night that they sleep in first: today's, or the last of the stay when they come in the morning after it."""
    return min(desk.today, stay.booked.dates.departure - ONE_DAY)


def _moves(desk: Desk, stay: LiveStay, command: CheckIn) -> list[Move]:
    """List the moves of the nights that are left into the room that was named, when it is another one and can be had."""
    if command.room is None:
        return []
    moves = moves_to(command.room, stay, desk.reservation_id, _tonight(desk, stay))
    if not moves:
        return []
    must_not_be_pinned(stay)
    must_take(desk, command.room, stay, moves)
    return moves


HANDLER = Handler(reads, decide)
