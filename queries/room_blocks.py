"""Tells which rooms are off the market or being mended, and when."""

from __future__ import annotations

from datetime import date

from ledger.ids import upkeep_stream
from projections.room_blocks import RoomBlock, blocks_of
from queries.streams import Streams

__all__ = ["RoomBlock", "room_blocks"]


async def room_blocks(streams: Streams, property_code: str, begin: date) -> tuple[int, list[RoomBlock]]:
    """Give the ledger's position and the blocks that are not over before `begin`, by their first night.

    The position is asked for first: what was written until then is shown, something newer may be shown too.
    """
    position = await streams.head()
    recorded = await streams.read([upkeep_stream(property_code)])
    blocks = [block for block in blocks_of(each.event for each in recorded) if block.last_night >= begin]
    return max([position, *(each.position for each in recorded)]), blocks
