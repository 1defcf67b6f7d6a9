"""Rooms off the market: POST and GET /rooms/blocks, DELETE /rooms/blocks/{id}. Needs an API key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from msgspec import to_builtins

from commands.block_rooms import BlockRooms
from commands.unblock_rooms import UnblockRooms
from ledger.clock import local_date
from queries.room_blocks import room_blocks
from web.doors import After, DeskDoor, HouseDoor, KeyDoor, VisitorDoor, asked

router = APIRouter(tags=["rooms"])


@router.post("/rooms/blocks", status_code=201)
async def block(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, response: Response, command: BlockRooms, key: KeyDoor
) -> dict[str, Any]:
    """Block rooms: out of order, in house use, or out of service. 409 `upkeep.stays_in_the_way` names who cannot make way."""
    visitor.must("rooms:write", desk.listed.code)
    outcome = await desk.dispatch(command, asked(house, desk, visitor, "rooms/blocks", key))
    response.headers["Ledger-Position"] = str(outcome.position)
    return {**outcome.answer, "position": outcome.position}


@router.delete("/rooms/blocks/{block_id}")
async def unblock(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, response: Response, block_id: UUID, key: KeyDoor
) -> dict[str, Any]:
    """End a block from today's night on."""
    visitor.must("rooms:write", desk.listed.code)
    outcome = await desk.dispatch(UnblockRooms(block_id=block_id), asked(house, desk, visitor, f"unblock/{block_id}", key))
    response.headers["Ledger-Position"] = str(outcome.position)
    return {**outcome.answer, "position": outcome.position}


@router.get("/rooms/blocks")
async def blocks(
    house: HouseDoor, desk: DeskDoor, visitor: VisitorDoor, response: Response, after: After = None
) -> dict[str, Any]:
    """List the blocks that are not over, by their first night; read from the ledger, so never late."""
    visitor.must("rooms:write", desk.listed.code)
    if after is not None:
        await desk.progress.wait_for_ledger(after)
    today = local_date(house.clock.now(), desk.listed.time_zone)
    position, found = await room_blocks(desk.streams, desk.listed.code, today)
    response.headers["Ledger-Position"] = str(position)
    return {"blocks": [to_builtins(each) for each in found], "position": position}
