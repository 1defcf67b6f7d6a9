"""Moves of stays from room to room, written: what each stay is told, then every night is left, then every night is entered.

Who may be moved, and where to, is decided elsewhere; here nobody is put on a night that somebody keeps (law 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct

from aggregates.reservation import Reservation
from aggregates.room_night import MoveReason, RoomNight
from ledger.command import Change, Known
from ledger.ids import doors_of, stay_streams
from ledger.stay_dates import StayDates


class Move(Struct, frozen=True, gc=False):
    """A stay leaves one room for another, from its first night there up to, not including, `last_night_exclusive`."""

    stay_id: UUID
    reservation_id: UUID
    from_room: str
    to_room: str
    first_night: date
    last_night_exclusive: date
    slot: str = "night"


def left_by(moves: Sequence[Move], code: str) -> frozenset[UUID]:
    """Name the room-nights that moves leave: they are free for whoever comes next in the same commit."""
    return frozenset(stream for move in moves for stream, _, _ in _nights(move, move.from_room, code))


def changes_of(moves: Sequence[Move], known: Known, code: str, reason: MoveReason = "reshuffle") -> list[Change]:
    """Write moves, all leaves before all arrivals; a hold whose time is over is ended where a stay arrives.

    Raises Unread, RoomNight.Taken, RoomNight.NotHeld when a stay does not have the nights that it should leave.
    """
    left = left_by(moves, code)
    told = [
        Change(
            move.reservation_id,
            Reservation.StayMoved(
                stay_id=move.stay_id, from_room=move.from_room, to_room=move.to_room, first_night=move.first_night,
                reason="request" if reason == "move" else reason,
            ),
        )
        for move in moves
    ]  # fmt: skip
    leaves = [change for move in moves for change in _leaves(move, known, code, reason)]
    return [*told, *leaves, *(change for move in moves for change in _arrives(move, known, code, reason, left))]


def _leaves(move: Move, known: Known, code: str, reason: MoveReason) -> Iterator[Change]:
    for stream, night, door in _nights(move, move.from_room, code):
        before = known.get(RoomNight, stream)
        if before.stay_id != move.stay_id:
            raise RoomNight.NotHeld(f"Room {door} is not this stay's on {night}: look at the reservation again.")
        yield Change(stream, _reassigned(move, door, night, before, reason, arrives=False))


def _arrives(move: Move, known: Known, code: str, reason: MoveReason, left: Collection[UUID]) -> Iterator[Change]:
    before = {night: known.get(RoomNight, stream) for stream, night, _ in _nights(move, move.from_room, code)}
    for stream, night, door in _nights(move, move.to_room, code):
        there = known.get(RoomNight, stream)
        if stream not in left and there.state in {"booked", "blocked"}:
            raise RoomNight.Taken(f"Room {door} is taken on {night}: choose another room.")
        if stream not in left and there.stay_id is not None:
            ended = RoomNight.HoldReleased(room=door, stay_date=night, stay_id=there.stay_id, reason="expired", slot=move.slot)
            yield Change(stream, ended)
        yield Change(stream, _reassigned(move, door, night, before[night], reason, arrives=True))


def _nights(move: Move, room: str, code: str) -> Iterator[tuple[UUID, date, str]]:
    """Give each room-night of a move in a room: its stream, the night and the door, all nights of one door first."""
    dates = StayDates(move.first_night, move.last_night_exclusive)
    for door in doors_of(room):
        for stream, night in zip(stay_streams(code, door, dates.arrival, dates.departure, move.slot), dates, strict=True):
            yield stream, night, door


def _reassigned(
    move: Move, door: str, night: date, before: RoomNight, reason: MoveReason, *, arrives: bool
) -> RoomNight.Reassigned:
    return RoomNight.Reassigned(
        room=door, stay_date=night, stay_id=move.stay_id, reservation_id=move.reservation_id,
        other_room=move.from_room if arrives else move.to_room, arrives=arrives,
        held_until=before.held_until, reason=reason, slot=move.slot,
    )  # fmt: skip
