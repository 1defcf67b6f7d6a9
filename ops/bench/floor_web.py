"""The floor of the web: the same server with routes that decide nothing. Run as a process of its own.

`POST /holds` validates the body that the product validates and answers a constant; `GET /availability` answers what one
read of Redis gives.
"""

from __future__ import annotations

import sys
from typing import Annotated

from fastapi import Body, FastAPI, Response
from redis.asyncio import Redis

from commands.hold_stay import HoldStay
from ops.connections import connect_redis
from ops.serve import answer_at_once, run, server_of
from ops.settings import Settings, read_settings

HOLD_ANSWER = "bench:hold"
AVAILABILITY_ANSWER = "bench:availability"
"""Keys in Redis of what the product answered once, to be answered again and again."""
JSON = "application/json"


def app_of(redis: Redis, held: bytes) -> FastAPI:
    """Build the application; `held` is the constant that a hold is answered with."""
    app = FastAPI()

    @app.post("/holds", status_code=201)
    async def hold(request: Annotated[HoldStay, Body()]) -> Response:  # noqa: ARG001 - validated, and that is all
        return Response(held, 201, media_type=JSON)

    @app.get("/availability")
    async def availability() -> Response:
        return Response(await redis.get(AVAILABILITY_ANSWER), media_type=JSON)

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def serve(settings: Settings, descriptor: int) -> None:
    """Serve until a signal."""
    answer_at_once(descriptor)
    redis = connect_redis(settings.redis_url or "")
    held = await redis.get(HOLD_ANSWER)
    await server_of(app_of(redis, held if isinstance(held, bytes) else b"{}"), settings, descriptor).serve()
    await redis.aclose()


if __name__ == "__main__":
    run(serve(read_settings(), int(sys.argv[1])))
