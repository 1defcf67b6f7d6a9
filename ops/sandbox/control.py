"""The sandbox's own controls: faults, clock, webhook disturbance, disputes, index page and liveness."""

import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from ops.sandbox import disputes, faults, posting, timers
from ops.sandbox.events import chaos, queue
from ops.sandbox.pages import money, render
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import StripeError
from ops.sandbox.world import World

router = APIRouter()
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class Strict(BaseModel):
    """A body in which unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Move(Strict):
    """Where to move the clock: to a distance from real time, or on by some seconds."""

    offset_seconds: float | None = None
    advance_seconds: float | None = None


class Disturbance(Strict):
    """How webhooks are disturbed; only the given fields change, `off` sends each once, at once and in order."""

    off: bool = False
    duplicates: Annotated[int, Field(ge=0, le=20)] | None = None
    duplicate_share: Share | None = None
    reorder_share: Share | None = None
    delay_seconds: tuple[Seconds, Seconds] | None = None
    reorder_seconds: Seconds | None = None


class Again(Strict):
    """Which event to send again, and how often."""

    event: str
    times: Annotated[int, Field(ge=1, le=100)] = 1


class NewDispute(Strict):
    """What to dispute: a charge, or the latest charge of an intent."""

    charge: str | None = None
    payment_intent: str | None = None
    reason: str = "fraudulent"


class Closing(Strict):
    """How a dispute ends."""

    status: Literal["won", "lost"]


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


@router.get("/livez")
async def livez(request: Request) -> Response:
    """Say that the sandbox runs and that its webhooks are being sent."""
    if request.app.state.delivering.done():
        return JSONResponse({"status": "webhooks have stopped"}, status_code=503)
    return JSONResponse({"status": "ok"})


@router.get("/")
async def index(request: Request) -> Response:
    """List what is here."""
    world = _world(request)
    latest = world.store.all("checkout.session")[:-11:-1]
    return render(
        request,
        "index.html",
        now=datetime.fromtimestamp(world.now(), UTC).isoformat(),
        mails=len(world.store.all("mail")),
        waiting=len(world.store.all("delivery", state="waiting")),
        given_up=len(world.store.all("delivery", state="given_up")),
        faults=len(world.store.all("fault")),
        sessions=[(session, money(session["amount_total"], session["currency"])) for session in latest],
    )


@router.get("/faults")
async def list_faults(request: Request) -> list[Json]:
    """List the faults that wait for a matching request."""
    return _world(request).store.all("fault")


@router.post("/faults", status_code=201)
async def add_fault(request: Request, fault: faults.Fault) -> Json:
    """Have the next matching requests fail."""
    return faults.add(_world(request), fault)


@router.delete("/faults", status_code=204)
async def clear_faults(request: Request) -> None:
    """Take back all faults."""
    _world(request).store.delete("fault")


@router.get("/clock")
async def clock(request: Request) -> Json:
    """Tell the sandbox's time."""
    return _time(_world(request))


def _time(world: World) -> Json:
    return {
        "offset_seconds": world.clock.offset_seconds,
        "now": world.now(),
        "at": datetime.fromtimestamp(world.now(), UTC).isoformat(),
    }


@router.post("/clock")
async def move_clock(request: Request, move: Move) -> Json:
    """Move the sandbox's clock and the product's, and do what has become due meanwhile."""
    world = _world(request)
    start = world.clock.offset_seconds if move.offset_seconds is None else move.offset_seconds
    world.clock.move_to(start + (move.advance_seconds or 0))
    timers.run(world)
    told = [await _tell(url, world.clock.offset_seconds) for url in world.settings.clock_urls]
    return {**_time(world), "told": told}


async def _tell(url: str, offset_seconds: float) -> Json:
    body = json.dumps({"offset_seconds": offset_seconds}).encode()
    try:
        return {"url": url, "status": await posting.post(url, body, {"Content-Type": "application/json"})}
    except (OSError, http.client.HTTPException) as error:
        return {"url": url, "status": None, "error": str(error)}


@router.get("/webhooks")
async def list_webhooks(request: Request) -> Json:
    """Tell how webhooks are disturbed and list the latest deliveries, newest first, without their payloads."""
    world = _world(request)
    latest = world.store.all("delivery")[:-101:-1]
    return {"disturbance": chaos(world), "deliveries": [{n: v for n, v in d.items() if n != "payload"} for d in latest]}


@router.post("/webhooks")
async def disturb(request: Request, wanted: Disturbance) -> Json:
    """Change how webhooks are disturbed from now on."""
    world = _world(request)
    calm = {"duplicates": 0, "duplicate_share": 0, "reorder_share": 0, "delay_seconds": [0, 0], "reorder_seconds": 0}
    changed = calm if wanted.off else wanted.model_dump(exclude_none=True, exclude={"off"})
    world.store.put("setting", {**chaos(world), **changed, "id": "chaos"})
    return chaos(world)


@router.post("/webhooks/redeliver")
async def redeliver(request: Request, again: Again) -> Response:
    """Send an event's webhook again, also after it was delivered."""
    world = _world(request)
    sent = world.store.all("delivery", event=again.event)
    if not sent:
        return JSONResponse({"detail": f"event {again.event} was never queued"}, status_code=404)
    for _ in range(again.times):
        queue(world, sent[0]["vendor"], sent[0]["url"], again.event, sent[0]["payload"])
    return JSONResponse({"queued": again.times}, status_code=202)


@router.post("/disputes")
async def dispute(request: Request, wanted: NewDispute) -> Response:
    """Open a dispute on a captured charge."""
    world = _world(request)
    intent = world.store.get("payment_intent", wanted.payment_intent or "") or {}
    return _controlled(
        world, lambda: disputes.open_dispute(world, wanted.charge or intent.get("latest_charge") or "", wanted.reason)
    )


@router.post("/disputes/{dispute_id}/close")
async def close_dispute(request: Request, dispute_id: str, closing: Closing) -> Response:
    """End a dispute."""
    world = _world(request)
    return _controlled(world, lambda: disputes.close(world, dispute_id, closing.status))


def _controlled(world: World, change: Callable[[], Json]) -> Response:
    try:
        with world.store.transaction():
            return JSONResponse(change())
    except StripeError as error:
        return JSONResponse(error.answer("control"), status_code=error.status)
