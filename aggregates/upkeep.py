"""Upkeep: which rooms of a house are not to be sold, or are sold though something in them is being mended, and when.

Out of order and house use take room-nights off the market, each blocked in the same commit. Out of service is told to the
staff only. One stream a property. Notes are about rooms, never about people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from ledger.event import Event
from ledger.refusal import Refusal

BlockKind = Literal["out_of_order", "house_use", "out_of_service"]
OFF_THE_MARKET: Collection[BlockKind] = frozenset({"out_of_order", "house_use"})
LONGEST_BLOCK_NIGHTS = 366
FARTHEST_BLOCK_DAYS = 1100


class RoomBlock(Struct, frozen=True, kw_only=True, gc=False):
    """Rooms that are not to be sold, or are being mended, from `first_night` to `last_night`, both included."""

    block_id: UUID
    rooms: tuple[str, ...]
    first_night: date
    last_night: date
    kind: BlockKind
    note: str

    def nights(self, begin: date = date.min) -> Iterator[date]:
        """Give the nights, from `begin` on."""
        first = max(self.first_night, begin)
        return (first + timedelta(days=day) for day in range((self.last_night - first).days + 1))


class Upkeep:
    """The blocks of a property's rooms."""

    class RoomsBlocked(Event, frozen=True):
        """Rooms are out of order, in house use, or out of service for some nights."""

        topic: ClassVar[str] = "upkeep.rooms-blocked.v1"
        block: RoomBlock

    class RoomsUnblocked(Event, frozen=True):
        """A block ends early: the rooms are as before from `first_night` on."""

        topic: ClassVar[str] = "upkeep.rooms-unblocked.v1"
        block_id: UUID
        first_night: date

    class LastBeforeFirst(Refusal):
        code = "upkeep.last_night_before_first"
        field = "last_night"

    class TooLong(Refusal):
        code = "upkeep.too_long"
        field = "last_night"

    class Past(Refusal):
        code = "upkeep.past"
        field = "first_night"

    class TooFar(Refusal):
        code = "upkeep.too_far"
        field = "first_night"

    class Unknown(Refusal):
        code = "upkeep.block_unknown"
        field = "block_id"

    class Over(Refusal):
        code = "upkeep.block_over"

    def __init__(self) -> None:
        self.blocks: dict[UUID, RoomBlock] = {}
        """Those that have not ended early, by id."""

    def block(self, block: RoomBlock, today: date) -> Event:
        """Block rooms. `today` is the property's date. Raises LastBeforeFirst, TooLong, Past, TooFar."""
        nights = (block.last_night - block.first_night).days + 1
        if nights < 1:
            raise Upkeep.LastBeforeFirst("The last night is before the first: both are included, change one of them.")
        if nights > LONGEST_BLOCK_NIGHTS:
            raise Upkeep.TooLong(f"A block has at most {LONGEST_BLOCK_NIGHTS} nights, this one {nights}: make several.")
        if block.first_night < today:
            raise Upkeep.Past(f"{block.first_night} is over: the earliest night to block is today's, {today}.")
        if (block.first_night - today).days > FARTHEST_BLOCK_DAYS:
            raise Upkeep.TooFar(f"{block.first_night} is too far ahead: blocks begin within {FARTHEST_BLOCK_DAYS} days.")
        return Upkeep.RoomsBlocked(block=block)

    def must_have(self, block_id: UUID, today: date) -> RoomBlock:
        """Give a block that is not over. Raises Unknown, Over."""
        found = self.blocks.get(block_id)
        if found is None:
            raise Upkeep.Unknown("There is no such block, or it has been ended: list the blocks for their ids.")
        if found.last_night < today:
            raise Upkeep.Over(f"This block was over after {found.last_night}: there is nothing left to end.")
        return found

    def unblock(self, block_id: UUID, today: date) -> Event:
        """End a block from today's night on. Raises Unknown, Over."""
        return Upkeep.RoomsUnblocked(block_id=block_id, first_night=max(today, self.must_have(block_id, today).first_night))

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Upkeep.RoomsBlocked(block=block):
                self.blocks = {**self.blocks, block.block_id: block}
            case Upkeep.RoomsUnblocked(block_id=block_id):
                self.blocks = {each: block for each, block in self.blocks.items() if each != block_id}
