"""Puts the sandbox together: state, routes, the background delivery of webhooks, and faults around everything."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from ops.sandbox import checkout_pages, control, faults, mail, mail_pages, stripe_routes, webhooks
from ops.sandbox.clock import SandboxClock
from ops.sandbox.pages import HERE
from ops.sandbox.settings import SandboxSettings
from ops.sandbox.store import Store
from ops.sandbox.world import World

log = logging.getLogger(__name__)


class SandboxApp(FastAPI):
    """FastAPI with faults outermost, where a connection can still be dropped."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with the fault that waits for it."""
        if scope["type"] == "http":
            await faults.serve(self.state.world, super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: SandboxSettings) -> FastAPI:
    """Build the sandbox on its state file; raises InUseError when another sandbox has it open."""
    store = Store(settings.state)
    world = World(settings, store, SandboxClock(store, settings.clock_file))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        delivering = asyncio.create_task(webhooks.run(world))
        delivering.add_done_callback(_report)
        app.state.delivering = delivering
        yield
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering
        store.close()

    app = SandboxApp(title="Vendor sandbox", lifespan=lifespan)
    app.state.world = world
    for router in (control.router, checkout_pages.router, mail.router, mail_pages.router):
        app.include_router(router)
    stripe_routes.install(app)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_exception_handler(404, _unknown_url)
    return app


def _report(delivering: asyncio.Task[None]) -> None:
    """Say loudly that no webhook will be sent any more; `/livez` fails from then on."""
    if not delivering.cancelled() and (error := delivering.exception()):
        log.critical("the delivery of webhooks has stopped", exc_info=error)


async def _unknown_url(request: Request, _: Exception) -> JSONResponse:
    message = f"Unrecognized request URL ({request.method}: {request.url.path})."
    return JSONResponse({"error": {"type": "invalid_request_error", "message": message}}, status_code=404)
