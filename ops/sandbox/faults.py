"""Faults on request: refuse, break, delay or drop the next matching requests, before, while or after they are applied.

An outermost ASGI layer, because only there a connection can be dropped; `during` is done by the idempotency layer, which
keeps that 500 under the key as Stripe does. Faults are part of the state and survive a restart.
"""

import asyncio
import json
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops.sandbox.store import Json
from ops.sandbox.world import World, token

REFUNDS = {"refund_pending": "pending", "refund_fail": "fail", "refund_pending_fail": "pending_fail"}


class Fault(BaseModel):
    """What `POST /faults` takes; `path` and `method` may contain `*`, `seconds` is how long a timeout or delay lasts."""

    model_config = ConfigDict(extra="forbid")

    action: Literal[
        "rate_limit", "server_error", "timeout", "drop", "delay", "refund_pending", "refund_fail", "refund_pending_fail"
    ]
    path: str = "/v1/*"
    method: str = "*"
    when: Literal["before", "during", "after"] = "before"
    times: int = Field(default=1, ge=1)
    status: int = Field(default=500, ge=500, le=599)
    seconds: float = Field(default=30.0, ge=0, le=3600)


def add(world: World, fault: Fault) -> Json:
    """Have the next `times` matching requests fail."""
    kept = {"id": token(8), **fault.model_dump(), "left": fault.times}
    world.store.put("fault", kept)
    return kept


def take_refund(world: World) -> str | None:
    """Use up one fault that changes how a refund ends, if there is any."""
    for fault in world.store.all("fault"):
        if fault["action"] in REFUNDS:
            _use(world, fault)
            return REFUNDS[fault["action"]]
    return None


def _take(world: World, method: str, path: str) -> Json | None:
    for fault in world.store.all("fault"):
        if fault["action"] not in REFUNDS and fnmatchcase(path, fault["path"]) and fnmatchcase(method, fault["method"]):
            _use(world, fault)
            return fault
    return None


def _use(world: World, fault: Json) -> None:
    if fault["left"] > 1:
        world.store.put("fault", fault | {"left": fault["left"] - 1})
    else:
        world.store.delete("fault", fault["id"])


async def serve(world: World, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request, with the fault that waits for it."""
    fault = _take(world, scope["method"], scope["path"])
    if fault is None:
        await app(scope, receive, send)
        return
    if fault["when"] == "during" or fault["action"] == "delay":
        scope["sandbox.fault"] = fault
        await app(scope, receive, send)
        return
    if fault["when"] == "after":
        await app(scope, receive, _swallow)
    await _break(fault, scope, receive, send)


async def _break(fault: Json, scope: Scope, receive: Receive, send: Send) -> None:
    if fault["action"] == "timeout":
        await _until_gone(receive, fault["seconds"])
    if fault["action"] in {"timeout", "drop"}:
        await _drop(send)
        return
    if fault["action"] == "rate_limit":
        kind = {
            "type": "invalid_request_error",
            "code": "rate_limit",
            "message": "Request rate limit exceeded. Learn more about rate limits in the documentation.",
        }
        await _answer(send, 429, kind)
        return
    await _answer(send, fault["status"], {"type": "api_error", "message": f"Injected fault on {scope['path']}."})


async def _answer(send: Send, status: int, error: Json) -> None:
    body = json.dumps({"error": error, "errors": [{"message": error["message"], "field": None, "help": None}]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _until_gone(receive: Receive, seconds: float) -> None:
    """Keep the client waiting until it gives up, at most so many seconds."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        async with asyncio.timeout(seconds):
            await gone()
    except TimeoutError:
        return


async def _drop(send: Send) -> None:
    """Close the connection without an answer. uvicorn's `send` is a method of the object that owns the transport."""
    owner: Any = getattr(send, "__self__", None)
    if owner is None:
        message = "a connection can only be dropped under uvicorn"
        raise RuntimeError(message)
    owner.transport.abort()
    owner.disconnected = True


async def _swallow(message: Message) -> None:
    """Lose an answer."""
