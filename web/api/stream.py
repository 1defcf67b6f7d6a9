"""GET /stream: server-sent events with their positions; who was away goes on with `Last-Event-ID`.

Everybody hears which nights of which room types changed; holders of a key that may read reservations also hear which of
those changed. What they are now is asked of the other routes, with `?after=` the position.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from queries.news import MOST_BEHIND, Newsroom
from web.doors import After, ReceptionDoor
from web.problems import Problem

router = APIRouter(tags=["stream"])
SCOPE = "reservations:read"
HEARTBEAT_SECONDS = 15.0
LOOK_UP_SECONDS = 1.0
"""So often a quiet stream looks whether the server wants to stop."""
LARGEST_POSITION = 2**63 - 1
HEARD: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'id: 283\nevent: position\ndata: {"position":283}\n\nid: 284\nevent: availability\n'
                'data: {"changes":[{"room_type":"garden-room","dates":["2027-04-02"]}],"position":284}\n\n',
            }
        }
    }
}
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID")]


@router.get("/stream", response_class=StreamingResponse, responses=HEARD)
async def stream(
    request: Request, reception: ReceptionDoor, after: After = None, last_event_id: LastEventId = None
) -> StreamingResponse:
    """Send `availability` (room types and dates) and, with a key, `reservation` (id and topics) as they change.

    It begins with `position`, after which news follow; `reset` says that too much was missed: load everything afresh.
    """
    desk, visitor = reception.desk, reception.visitor
    staff = visitor.caller is not None and visitor.caller.may(SCOPE, desk.listed.code)
    position = _position(last_event_id) if last_event_id else after
    desk.news.welcome(visitor.address)
    head = await desk.news.head()

    async def messages() -> AsyncIterator[bytes]:
        with desk.news.listening(visitor.address):
            kind, begin = beginning(position, head)
            yield _written(kind, {"position": begin}, begin)
            async for message in written_news(desk.news, begin, request.app.state.is_leaving, staff=staff):
                yield message

    return StreamingResponse(messages(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def beginning(position: int | None, head: int) -> tuple[str, int]:
    """Say how a stream begins and after which position: where the listener was, unless they missed too much."""
    if position is not None and head - position > MOST_BEHIND:
        return "reset", head
    return "position", head if position is None else min(position, head)


def _position(last_event_id: str) -> int:
    """Read where the listener stopped. Raises Problem."""
    if not last_event_id.isascii() or not last_event_id.isdigit() or int(last_event_id) > LARGEST_POSITION:
        raise Problem(
            "malformed", "Last-Event-ID must be a position of the ledger: leave it out to begin now.", "Last-Event-ID"
        )
    return int(last_event_id)


async def written_news(news: Newsroom, position: int, is_leaving: Callable[[], bool], *, staff: bool) -> AsyncIterator[bytes]:
    """Write what is told until the listener leaves or the server does."""
    quiet = 0.0
    while not is_leaving():
        found = await news.after(position, LOOK_UP_SECONDS, staff=staff)
        if found is None:
            quiet += LOOK_UP_SECONDS
            if quiet >= HEARTBEAT_SECONDS:
                quiet = 0.0
                yield b": nothing new\n\n"
            continue
        position, quiet = found.upto, 0.0
        for told in found.told:
            yield _written(told.kind, told.body, told.position)


def _written(kind: str, body: dict[str, Any], position: int | None) -> bytes:
    place = b"" if position is None else b"id: %d\n" % position
    return b"%sevent: %s\ndata: %s\n\n" % (place, kind.encode(), msgspec.json.encode(body))
