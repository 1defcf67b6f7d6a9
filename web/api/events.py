"""GET /events: the log in order, for auditors. Personal data stays sealed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from web.doors import DeskDoor, VisitorDoor

router = APIRouter(tags=["events"])


@router.get("/events")
async def events(
    desk: DeskDoor, visitor: VisitorDoor, response: Response,
    after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:  # fmt: skip
    """List about `limit` events after a position, whole commands only. Scope events:read."""
    visitor.must("events:read", desk.listed.code)
    found = await desk.streams.after(after, limit)
    last = found[-1].position if found else after
    response.headers["Ledger-Position"] = str(last)
    return {
        "events": [{**msgspec.to_builtins(recorded), "topic": recorded.event.topic} for recorded in found],
        "last": last,
    }
