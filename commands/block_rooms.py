"""Take rooms off the market for some nights, or note that something in them is being mended.

Stays that were not promised their room make way into other rooms of the type in the same commit; the others are named. A room
that is off the market by night is so by day: day use makes no way, it is named until its guests have left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from aggregates.property import Property
from aggregates.reservation import Reservation
from aggregates.room_night import BlockReason, RoomNight
from aggregates.upkeep import OFF_THE_MARKET, BlockKind, RoomBlock, Upkeep
from commands.free_rooms import are_free
from commands.making_room import free_nights, room_made
from commands.moving import Move, changes_of, left_by
from commands.typed_text import Coded, Remark
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import made_by, property_stream, stay_streams, upkeep_stream
from ledger.refusal import Refusal
from ledger.stay_dates import StayDates

MOST_ROOMS = 200
Place = tuple[str, date, UUID]
"""A room, a stay date, and the stream of that room-night."""
RoomCode = Annotated[str, Coded("[A-Za-z0-9][A-Za-z0-9-]{0,19}", "No room is called like this: name one room, such as 101")]


class BlockRooms(Command):
    """Block rooms from `first_night` to `last_night`, both included. `note` is about the rooms, never about people."""

    rooms: tuple[RoomCode, ...] = Field(min_length=1, max_length=MOST_ROOMS)
    first_night: date
    last_night: date
    reason: BlockKind = "out_of_order"
    note: Remark = ""

    class RoomUnknown(Refusal):
        code = "property.room_unknown"
        field = "rooms"

    class InTheWay(Refusal):
        code = "upkeep.stays_in_the_way"
        field = "rooms"


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the definition, the blocks, and the nights of the rooms, with the days before them."""
    code, command = envelope.property_code, envelope.asks(BlockRooms)
    yield property_stream(code)
    yield upkeep_stream(code)
    if timedelta(0) <= command.last_night - command.first_night < timedelta(days=400):
        for room in command.rooms:
            for slot in ("night", "day"):
                yield from stay_streams(code, room, command.first_night, command.last_night + timedelta(days=1), slot)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """Block the rooms. Refusals in order: rooms unknown, dates, stays in the way that may not be moved, day use."""
    code, command = envelope.property_code, envelope.asks(BlockRooms)
    hotel = known.get(Property, property_stream(code))
    today = local_date(now, hotel.opened().time_zone)
    rooms = tuple(dict.fromkeys(command.rooms))
    unknown = [room for room in rooms if hotel.type_of(room) is None]
    if unknown:
        message = f"There is no room {', '.join(unknown)}: check the codes in the property file."
        raise BlockRooms.RoomUnknown(message, rooms=unknown)
    block = RoomBlock(
        block_id=made_by(envelope.command_id, "block"), rooms=rooms, first_night=command.first_night,
        last_night=command.last_night, kind=command.reason, note=command.note,
    )  # fmt: skip
    blocked = Change(upkeep_stream(code), known.get(Upkeep, upkeep_stream(code)).block(block, today))
    moves: list[Move] = []
    taken: list[Change] = []
    days: list[Place] = []
    if block.kind in OFF_THE_MARKET:
        moves = _moves(hotel, code, block, today, known, now)
        days = _places(code, rooms, _dates(block), "day")
        taken = [*_days_ended(days, known, now), *_nights_blocked(code, block, left_by(moves, code), known, now)]
    return Decision(
        changes=[blocked, *changes_of(moves, known, code), *taken],
        guards=[property_stream(code), *(stream for *_, stream in days)],
        answer={"block_id": block.block_id, "rooms": rooms, "reason": block.kind, "moved": [move.stay_id for move in moves]},
    )


def _moves(hotel: Property, code: str, block: RoomBlock, today: date, known: Known, now: datetime) -> list[Move]:
    """Find other rooms for those who are in the way. Raises InTheWay, Unread."""
    dates = _dates(block)
    in_the_way = [room for room in block.rooms if not are_free(_streams(code, room, dates), known, now)]
    moves: list[Move] = []
    for room_type in dict.fromkeys(map(hotel.type_of, in_the_way)):
        rooms = hotel.rooms_of(room_type or "")
        these = [room for room in block.rooms if room in rooms]
        known.require([stream for room in rooms for stream in _streams(code, room, dates)])
        free = free_nights(code, rooms, [dates], known, now, frozenset())
        made = room_made(
            code=code,
            free=free,
            wanted=[dates] * len(these),
            today=today,
            known=known,
            now=now,
            only=[[room] for room in these],
        )
        if made is None:
            raise _refusal(_places(code, [room for room in these if room in in_the_way], dates), known, now)
        moves += made.moves
    return moves


def _days_ended(days: Sequence[Place], known: Known, now: datetime) -> Iterator[Change]:
    """End the holds by day whose time is over, so that nobody confirms them. Raises InTheWay, Unread."""
    known.require([stream for *_, stream in days])
    there = [(place, known.get(RoomNight, place[-1])) for place in days]
    known.require({day.reservation_id for _, day in there if day.reservation_id is not None})
    in_use = [place for place, day in there if not day.is_free(now) and not _has_left(day, known)]
    if in_use:
        raise _refusal(in_use, known, now, slot="day")
    for (room, stay_date, stream), day in there:
        if day.stay_id is not None and day.is_free(now):
            for event in day.release(room=room, stay_date=stay_date, stay_id=day.stay_id, reason="expired", slot="day"):
                yield Change(stream, event)


def _has_left(day: RoomNight, known: Known) -> bool:
    """Tell whether the guests who had a room for the day have checked out: it is theirs in the book only."""
    stays = known.get(Reservation, day.reservation_id).live if day.reservation_id is not None else {}
    return any(stay.stay_id == day.stay_id and stay.state == "checked_out" for stay in stays.values())


def _refusal(places: Iterable[Place], known: Known, now: datetime, **more: str) -> Refusal:
    """Name who is in the way: each stay or block with its room and its first night there, and `more` about it."""
    there: dict[UUID | None, dict[str, str]] = {}
    for room, night, stream in places:
        taken = known.get(RoomNight, stream)
        if not taken.is_free(now):
            named = {"reservation_id": str(taken.reservation_id)} if taken.reservation_id else {}
            there.setdefault(taken.stay_id, {"room": room, "night": night.isoformat(), "state": taken.state, **named, **more})
    rooms_named = ", ".join(sorted({entry["room"] for entry in there.values()}))
    return BlockRooms.InTheWay(
        f"{len(there)} {_stays_or_blocks(len(there))} in {rooms_named} cannot make way:"
        " move or cancel what is there first, or choose other nights.",
        stays=[{"stay_id": str(holder), **entry} for holder, entry in there.items()],
    )


def _stays_or_blocks(count: int) -> str:
    return "stay or block" if count == 1 else "stays or blocks"


def _nights_blocked(code: str, block: RoomBlock, left: frozenset[UUID], known: Known, now: datetime) -> Iterator[Change]:
    reason: BlockReason = "house_use" if block.kind == "house_use" else "out_of_order"
    for room, night, stream in _places(code, block.rooms, _dates(block)):
        room_night = RoomNight() if stream in left else known.get(RoomNight, stream)
        for event in room_night.block(
            room=room, stay_date=night, block_id=block.block_id, reason=reason, movable=False, now=now
        ):
            yield Change(stream, event)


def _dates(block: RoomBlock) -> StayDates:
    return StayDates(block.first_night, block.last_night + timedelta(days=1))


def _places(code: str, rooms: Iterable[str], dates: StayDates, slot: str = "night") -> list[Place]:
    """List the room-nights of rooms, room by room."""
    return [
        (room, night, stream) for room in rooms for night, stream in zip(dates, _streams(code, room, dates, slot), strict=True)
    ]


def _streams(code: str, room: str, dates: StayDates, slot: str = "night") -> tuple[UUID, ...]:
    return stay_streams(code, room, dates.arrival, dates.departure, slot)


HANDLER = Handler(reads, decide)
