"""Refuses request bodies that no form, booking or webhook needs, before they are kept in memory."""

from __future__ import annotations

from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import Problem, answer_to

LARGEST_BYTES = 1_000_000
RULE = f"A request may have at most {LARGEST_BYTES} bytes: send less."


class BodyLimit:
    """ASGI middleware: 413 for a body over `LARGEST_BYTES`, whether its length was told or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body stays small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdigit() or int(told) > LARGEST_BYTES:
            await answer_to(Request(scope), Problem("body.too_large", RULE))(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BYTES:
                # Only this kind of exception passes through the framework's reading of bodies as it is.
                raise HTTPException(413, RULE)
            return message

        await self._app(scope, counted, send)
