"""Groups over HTTP: open, change, confirm, name the guests, release, cancel; the block, its attrition and the rooming list.

The body of a write is the command's content. Scopes groups:read and groups:write; names of guests need reservations:read too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from commands.cancel_group import CancelGroup
from commands.change_block import ChangeBlock
from commands.confirm_group import ConfirmGroup
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.release_block import ReleaseBlock
from commands.rooming_list import COLUMNS, read_list, write_list
from ledger.command import Command
from queries.groups import group_as_json
from web.api.asking import Asking, about, command_of, described
from web.doors import After, DeskDoor, VisitorDoor, settle, written
from web.problems import Problem

router = APIRouter(tags=["groups"])
Content = Annotated[dict[str, Any] | None, Body()]
AskingDoor = Annotated[Asking, Depends(about)]
READ, WRITE = "groups:read", "groups:write"
Listed = Literal["tentative", "definite", "expired", "cancelled"]
LIST = f"{','.join(COLUMNS)}\ngarden-room,2027-03-11,2027-03-13,2,0,Nila Silva,nila@example.com,floor-high\n"
LISTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": LIST}, "application/json": {"schema": {}}}}
}
CSV = {"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}, "required": True}}


async def _do(asking: Asking, kind: type[Command], content: dict[str, Any] | None, **ids: UUID) -> dict[str, Any]:
    asking.visitor.must(WRITE, asking.desk.listed.code)
    return await asking.do(command_of(kind, content, **ids))


@router.post("/groups", status_code=201, openapi_extra=described(OpenGroup))
async def open_group(asking: AskingDoor, content: Content = None) -> dict[str, Any]:
    """Open a group and set its rooms aside, all or none. 409 `group.sold_out`, 422 `group.larger_than_house`."""
    return await _do(asking, OpenGroup, content)


@router.get("/groups")
async def groups(
    desk: DeskDoor, visitor: VisitorDoor, response: Response, state: Listed | None = None, after: After = None
) -> dict[str, Any]:
    """List the groups by cutoff, with what is left of each block."""
    visitor.must(READ, desk.listed.code)
    await settle(desk, "groups", after)
    position, found = await desk.groups.every(state)
    response.headers["Ledger-Position"] = str(position)
    return {"position": position, "groups": [group_as_json(group) for group in found]}


@router.get("/groups/{group_id}")
async def group(
    desk: DeskDoor, visitor: VisitorDoor, response: Response, group_id: UUID, after: After = None
) -> dict[str, Any]:
    """Tell about a group: terms, block by night, attrition by night and as a whole, reservations."""
    visitor.must(READ, desk.listed.code)
    await settle(desk, "groups", after)
    found = await desk.groups.find(group_id)
    if found is None:
        raise Problem("group.unknown", "There is no such group: check the id, or list the groups.")
    response.headers["Ledger-Position"] = str(found.position)
    return group_as_json(found)


@router.post("/groups/{group_id}/block", openapi_extra=described(ChangeBlock, "group_id"))
async def change_block(asking: AskingDoor, group_id: UUID, content: Content = None) -> dict[str, Any]:
    """Set how many rooms the block has, or change its terms, all or nothing."""
    return await _do(asking, ChangeBlock, content, group_id=group_id)


@router.post("/groups/{group_id}/confirm", openapi_extra=described(ConfirmGroup, "group_id"))
async def confirm(asking: AskingDoor, group_id: UUID, content: Content = None) -> dict[str, Any]:
    """Make a tentative group definite."""
    return await _do(asking, ConfirmGroup, content, group_id=group_id)


@router.post("/groups/{group_id}/release", openapi_extra=described(ReleaseBlock, "group_id"))
async def release(asking: AskingDoor, group_id: UUID, content: Content = None) -> dict[str, Any]:
    """Give back what nobody has picked up."""
    return await _do(asking, ReleaseBlock, content, group_id=group_id)


@router.post("/groups/{group_id}/cancel", openapi_extra=described(CancelGroup, "group_id"))
async def cancel(asking: AskingDoor, group_id: UUID, content: Content = None) -> dict[str, Any]:
    """Cancel the group and give its block back; reservations of its guests stay."""
    return await _do(asking, CancelGroup, content, group_id=group_id)


@router.post("/groups/{group_id}/pick-up", status_code=201, openapi_extra=described(PickUp, "group_id"))
async def pick_up(asking: AskingDoor, group_id: UUID, content: Content = None) -> dict[str, Any]:
    """Book rooms of the block for guests, all or none. 422 `rooming_list.wrong` names every mistake by its line."""
    return await _do(asking, PickUp, content, group_id=group_id)


@router.post("/groups/{group_id}/rooming-list", status_code=201, openapi_extra=CSV)
async def import_list(asking: AskingDoor, request: Request, group_id: UUID) -> dict[str, Any]:
    """Book the rooms of a CSV file (room_type, arrival, departure, adults, children, name, email, wishes), all or none."""
    asking.visitor.must(WRITE, asking.desk.listed.code)
    try:
        text = (await request.body()).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("malformed", "The file is not UTF-8: save it as CSV UTF-8 and send it again.", field="body") from None
    room_types = [kind.code for kind in (await asking.desk.hotel.current()).definition.room_types]
    return await asking.do(PickUp(group_id=group_id, rows=tuple(read_list(text, room_types))))


@router.get("/groups/{group_id}/rooming-list", responses=LISTS)
async def export_list(
    desk: DeskDoor, visitor: VisitorDoor, group_id: UUID, after: After = None,
    form: Annotated[str, Query(alias="format", pattern="^(csv|json)$")] = "csv",
) -> Response:  # fmt: skip
    """List who sleeps where, as CSV that can be imported again, or as JSON with rooms and states. Names are personal data."""
    for scope in (READ, "reservations:read"):
        visitor.must(scope, desk.listed.code)
    await settle(desk, "groups", after)
    await settle(desk, "reservations", after)
    found = await desk.groups.find(group_id)
    if found is None:
        raise Problem("group.unknown", "There is no such group: check the id, or list the groups.")
    rows = await desk.groups.rooming_list(group_id)
    if form == "json":
        return written({"position": found.position, "rooms": rows}, found.position)
    return Response(write_list(rows), headers={"Ledger-Position": str(found.position)}, media_type="text/csv")
