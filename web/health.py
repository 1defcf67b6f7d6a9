"""Is it alive, is it ready, how is it doing. Readiness never asks a vendor."""

from __future__ import annotations

import asyncio
import struct

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from web.doors import HouseDoor

router = APIRouter(tags=["health"])
NEW_FILE_SECONDS = 0.1
"""How soon a process that starts has written into the file of its figures."""


@router.get("/livez", response_class=PlainTextResponse)
async def livez() -> str:
    """Say that the process answers."""
    return "ok"


@router.get("/readyz", responses={503: {"description": "Some part cannot serve requests; `parts` says which and why"}})
async def readyz(house: HouseDoor) -> Response:
    """Say, part by part, whether requests can be served: database, Redis, migrations, lag. 503 when one cannot."""
    parts = await house.is_ready()
    wrong = {name: state for name, state in parts.items() if not state.startswith("ok")}
    return JSONResponse({"ready": not wrong, "parts": parts}, 503 if wrong else 200)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Give the metrics of all processes of this installation in Prometheus' text format."""
    registry: CollectorRegistry = CollectorRegistry()
    try:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library is not typed there
    except ValueError:
        # PROMETHEUS_MULTIPROC_DIR is not set: this process tells about itself.
        registry = REGISTRY
    try:
        found = generate_latest(registry)
    except struct.error:
        # The file of a process that starts just now is there and still empty.
        await asyncio.sleep(NEW_FILE_SECONDS)
        found = generate_latest(registry)
    return Response(found, media_type=CONTENT_TYPE_LATEST)
