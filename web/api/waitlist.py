"""The waitlist and turnaways over HTTP: who waits, who was offered a room, who was turned away and why.

Scopes groups:read and groups:write; names of those who wait need reservations:read too.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response

from commands.join_waitlist import JoinWaitlist
from commands.leave_waitlist import LeaveWaitlist
from commands.record_turnaway import RecordTurnaway
from web.api.asking import Asking, about, command_of, described
from web.doors import After, DeskDoor, VisitorDoor, settle
from web.problems import Problem

router = APIRouter(tags=["waitlist"])
Content = Annotated[dict[str, Any] | None, Body()]
AskingDoor = Annotated[Asking, Depends(about)]
READ, WRITE = "groups:read", "groups:write"


@router.post("/waitlist", status_code=201, openapi_extra=described(JoinWaitlist))
async def join(asking: AskingDoor, content: Content = None) -> dict[str, Any]:
    """Wait for a room of a type; `before` counts who waits for that type already. An offer comes by mail."""
    asking.visitor.must(WRITE, asking.desk.listed.code)
    return await asking.do(command_of(JoinWaitlist, content))


@router.post("/waitlist/{entry_id}/leave")
async def leave(asking: AskingDoor, entry_id: UUID) -> dict[str, Any]:
    """Wait no longer. An offer is given back by cancelling the reservation under the same id."""
    asking.visitor.must(WRITE, asking.desk.listed.code)
    return await asking.do(LeaveWaitlist(entry_id=entry_id))


@router.get("/waitlist")
async def waitlist(
    desk: DeskDoor, visitor: VisitorDoor, response: Response, ended: bool = False, after: After = None
) -> dict[str, Any]:
    """List who waits, first come first; with `?ended=true` those too whose wait is over, and how it ended."""
    for scope in (READ, "reservations:read"):
        visitor.must(scope, desk.listed.code)
    await settle(desk, "demand", after)
    await settle(desk, "reservations", after)
    position, entries = await desk.demand.waiting(ended=ended)
    response.headers["Ledger-Position"] = str(position)
    return {"position": position, "entries": entries}


@router.post("/turnaways", status_code=201, openapi_extra=described(RecordTurnaway))
async def turn_away(asking: AskingDoor, content: Content = None) -> dict[str, Any]:
    """Note that somebody asked for rooms and did not book, with a coded reason and nothing personal."""
    asking.visitor.must(WRITE, asking.desk.listed.code)
    return await asking.do(command_of(RecordTurnaway, content))


@router.get("/turnaways")
async def turnaways(
    desk: DeskDoor, visitor: VisitorDoor, response: Response,
    first: Annotated[date, Query(alias="from")], last: Annotated[date, Query(alias="to")], after: After = None,
) -> dict[str, Any]:  # fmt: skip
    """Count turnaways asked between `from` and `to`, both included, by reason; denials are the hotel's no."""
    visitor.must(READ, desk.listed.code)
    if last < first:
        raise Problem("malformed", "`to` must not be before `from`: choose a later day.", field="to")
    await settle(desk, "demand", after)
    position, reasons = await desk.demand.turned_away(first, last)
    response.headers["Ledger-Position"] = str(position)
    return {"position": position, "from": first, "to": last, "reasons": reasons}
