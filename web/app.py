"""The web application: routes, problem answers, security headers, request ids and limits, put together on a House."""

from __future__ import annotations

import asyncio
from pathlib import Path

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from web import explorer, health, webhooks
from web.api import (
    availability,
    calendar,
    events,
    groups,
    holds,
    payments,
    reservations,
    revenue,
    rooms,
    stays,
    stream,
    waitlist,
)
from web.api.description import Described, operation_id
from web.bodies import BodyLimit
from web.doors import API, visitor_of
from web.guard import Guard
from web.house import House
from web.pages import asking, booking, cancelling, changing, entering, managing, paying
from web.paper import doors as paper
from web.problems import install

HERE = Path(__file__).parent


def create_app(house: House) -> FastAPI:
    """Build the application. Pages, API and webhooks of all properties are served by each process."""
    app = Described(
        title="Nightledger",
        summary="Event-sourced reservation ledger for hotels",
        version="1",
        docs_url=None,  # theirs loads its files from elsewhere: ours is web/explorer.py
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    app.state.house = house
    app.state.is_leaving = lambda: False
    app.state.writing_a_file = asyncio.Lock()
    install(app)
    for module in (holds, availability):  # asked often, so without the detour of an included router
        app.router.routes.extend(module.quick.routes)
    for module in (calendar, reservations, payments, stays, revenue, events, stream, groups, waitlist, rooms, paper):
        app.include_router(module.router, prefix=API, dependencies=[Depends(visitor_of)])
    for module in (explorer, health, webhooks, booking, paying, entering, managing, asking, changing, cancelling):
        app.include_router(module.router)
    app.include_router(paper.pages)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_middleware(Guard, limits=house.limits, checkout_origin=house.settings.checkout_origin)
    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID")
    return app
