"""End a block of rooms from today on; the nights that are over stay as they were."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from aggregates.property import Property
from aggregates.room_night import RoomNight
from aggregates.upkeep import OFF_THE_MARKET, RoomBlock, Upkeep
from ledger.clock import local_date
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream, room_night_stream, upkeep_stream


class UnblockRooms(Command):
    """End a block by its id."""

    block_id: UUID


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:
    """Name the definition, the blocks, and the nights of the block."""
    code = envelope.property_code
    yield property_stream(code)
    yield upkeep_stream(code)
    block = known.get(Upkeep, upkeep_stream(code)).blocks.get(envelope.asks(UnblockRooms).block_id)
    if block is not None:
        yield from (stream for _, _, stream in _nights(code, block, date.min))


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:
    """End the block. Refusals in order: unknown, over."""
    code, block_id = envelope.property_code, envelope.asks(UnblockRooms).block_id
    today = local_date(now, known.get(Property, property_stream(code)).opened().time_zone)
    upkeep = known.get(Upkeep, upkeep_stream(code))
    block = upkeep.must_have(block_id, today)
    known.require(stream for _, _, stream in _nights(code, block, today))
    freed = [
        Change(stream, event)
        for room, night, stream in _nights(code, block, today)
        for event in known.get(RoomNight, stream).unblock(room=room, stay_date=night, block_id=block_id, reason="ended")
    ]
    ended = Change(upkeep_stream(code), upkeep.unblock(block_id, today))
    return Decision(changes=[ended, *freed], answer={"block_id": block_id, "room_nights_freed": len(freed)})


def _nights(code: str, block: RoomBlock, begin: date) -> list[tuple[str, date, UUID]]:
    """List (room, night, stream) of what a block takes off the market, from a night on."""
    if block.kind not in OFF_THE_MARKET:
        return []
    return [
        (room, night, room_night_stream(code, room, night)) for room in block.rooms for night in block.nights(begin)
    ]  # fmt: skip


HANDLER = Handler(reads, decide)
