"""Rooms off the market: `room block`, `room unblock`, `room list`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import click
from msgspec import to_builtins

from commands.block_rooms import BlockRooms
from commands.dispatch import Asked
from commands.unblock_rooms import UnblockRooms
from ledger.clock import local_date
from ledger.command import Command, Urgency
from ops.cli.running import JSON, PROPERTY, on_servers, show
from ops.telling import desk_of
from ops.wiring import Wiring
from queries.room_blocks import RoomBlock, room_blocks

DAY = click.DateTime(["%Y-%m-%d"])
KEY = click.option("--id", "key", default=None, type=click.UUID, help="Command id: the same id and content, the same answer.")
REASONS = click.Choice(["out_of_order", "house_use", "out_of_service"])


@click.group()
def room() -> None:
    """Take rooms off the market, and put them back."""


@room.command("block")
@click.argument("rooms", nargs=-1, required=True)
@click.option("--first", required=True, type=DAY, help="First night, YYYY-MM-DD.")
@click.option("--last", required=True, type=DAY, help="Last night, included.")
@click.option("--reason", default="out_of_order", show_default=True, type=REASONS, help="out_of_service stays on sale.")
@click.option("--note", default="", help="What is the matter with the rooms; nothing about people.")
@PROPERTY
@KEY
@JSON
def block_rooms(
    rooms: tuple[str, ...], first: datetime, last: datetime, reason: Any, note: str, property_code: str, key: UUID | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Block ROOMS for some nights; stays that were not promised their room make way."""
    command = BlockRooms(rooms=rooms, first_night=first.date(), last_night=last.date(), reason=reason, note=note)
    answer = on_servers(lambda wiring: _dispatch(wiring, property_code, command, key))
    moved = f", {len(answer['moved'])} stays moved" if answer["moved"] else ""
    show(answer, as_json, f"blocked {', '.join(answer['rooms'])}{moved}: {answer['block_id']}")


@room.command("unblock")
@click.argument("block_id", type=click.UUID)
@PROPERTY
@KEY
@JSON
def unblock_rooms(block_id: UUID, property_code: str, key: UUID | None, as_json: bool) -> None:
    """End a block from today's night on."""
    answer = on_servers(lambda wiring: _dispatch(wiring, property_code, UnblockRooms(block_id=block_id), key))
    show(answer, as_json, f"ended {answer['block_id']}, {answer['room_nights_freed']} room-nights are free again")


@room.command("list")
@PROPERTY
@JSON
def list_blocks(property_code: str, as_json: bool) -> None:
    """List the blocks that are not over, by their first night."""
    blocks = on_servers(lambda wiring: _blocks(wiring, property_code))
    text = "\n".join(
        f"{block.block_id}  {block.first_night} to {block.last_night}  {block.kind:14}  {', '.join(block.rooms)}  {block.note}"
        for block in blocks
    )
    show({"blocks": to_builtins(blocks)}, as_json, text or "no room is blocked")


async def _dispatch(wiring: Wiring, property_code: str, command: Command, key: UUID | None) -> dict[str, Any]:
    desk = await desk_of(wiring, property_code)
    command_id = key or uuid4()
    asked = Asked(command_id=command_id, actor="cli", correlation_id=command_id, urgency=Urgency.PROMISED)
    outcome = await desk.dispatch(command, asked)
    return {**outcome.answer, "position": outcome.position}


async def _blocks(wiring: Wiring, property_code: str) -> list[RoomBlock]:
    desk = await desk_of(wiring, property_code)
    today: date = local_date(wiring.clock.now(), desk.listed.time_zone)
    return (await room_blocks(desk.streams, property_code, today))[1]
