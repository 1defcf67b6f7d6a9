"""The blocks of a property's rooms that were not ended, folded straight from their one short stream."""

from __future__ import annotations

from collections.abc import Iterable

from aggregates.upkeep import RoomBlock, Upkeep
from ledger.event import Event

__all__ = ["RoomBlock", "blocks_of"]


def blocks_of(events: Iterable[Event]) -> list[RoomBlock]:
    """Fold the blocks, by their first night."""
    blocks: dict[object, RoomBlock] = {}
    for event in events:
        match event:
            case Upkeep.RoomsBlocked(block=block):
                blocks[block.block_id] = block
            case Upkeep.RoomsUnblocked(block_id=block_id):
                blocks.pop(block_id, None)
    return sorted(blocks.values(), key=lambda block: (block.first_night, block.rooms))
