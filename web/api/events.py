"""GET /events and /events/{position}/proof: the log in order and its proofs, for auditors. Personal data stays sealed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response

from web.doors import DeskDoor, Visitor, VisitorDoor
from web.house import Desk

router = APIRouter(tags=["events"])
LAST = 2**62
"""No log gets so far; a larger number is a mistake."""
EVENTS_EXAMPLE = {
    "events": [
        {
            "position": 7,
            "stream": "0c1f5d2e-6f0a-5d43-8a0e-5a1c1f2f7d11",
            "version": 1,
            "topic": "room-night.hold-requested.v1",
            "event": {"room": "104", "stay_date": "2026-12-24"},
            "occurred_at": "2026-11-02T09:30:00Z",
            "recorded_at": "2026-11-02T09:30:00.004Z",
            "actor": "guest",
        }
    ],
    "last": 7,
    "sealed": 7,
}
PROOF_EXAMPLE = {
    "format": "nightledger.proof.v1",
    "event": {"position": 7, "topic": "room-night.hold-requested.v1", "payload": "eyJyb29tIjoiMTA0In0="},
    "audit_path": ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"],
    "head": {"number": 3, "epoch": 1, "tree_size": 8, "root": "5dc9da79…", "signature": "k9xT…"},
    "public_key": "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
}
NO_PROOF: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such event, or it is not sealed yet (`event.unsealed`, with `retry_after`)"}
}


def _example(content: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": content}}}}


@router.get("/events", responses=_example(EVENTS_EXAMPLE))
async def events(
    desk: DeskDoor, visitor: VisitorDoor, response: Response,
    after: Annotated[int, Query(ge=0, le=LAST)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:  # fmt: skip
    """List about `limit` events after a position, whole commands only; `sealed` is the last sealed position. Scope audit."""
    _must_audit(visitor, desk)
    found = await desk.streams.after(after, limit)
    last = found[-1].position if found else after
    response.headers["Ledger-Position"] = str(last)
    return {
        "events": [{**msgspec.to_builtins(recorded), "topic": recorded.event.topic} for recorded in found],
        "last": last,
        "sealed": await desk.proofs.sealed(),
    }


@router.get("/events/{position}/proof", responses={**_example(PROOF_EXAMPLE), **NO_PROOF})
async def proof(
    desk: DeskDoor, visitor: VisitorDoor, response: Response, position: Annotated[int, Path(ge=1, le=LAST)],
    from_size: Annotated[int | None, Query(ge=1, le=LAST, description="Also prove growth since this many events")] = None,
) -> dict[str, Any]:  # fmt: skip
    """Prove that an event is in the sealed log; `ops/verify_proof.py` checks it alone. Scope audit.

    With `from_size`, the number of events of an earlier signed head, it also proves that the log has only grown since.
    """
    _must_audit(visitor, desk)
    proven = await desk.proofs.proof(position, from_size)
    response.headers["Ledger-Position"] = str(proven["head"]["tree_size"])
    return proven


def _must_audit(visitor: Visitor, desk: Desk) -> None:
    """Raises Problem 401 or 403. Keys made before there was the scope audit have events:read."""
    code = desk.listed.code
    if not (visitor.caller and visitor.caller.may("events:read", code)):
        visitor.must("audit", code)
