"""The web application: routes, problem answers, security headers, request ids and limits, put together on a House."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from secure import ContentSecurityPolicy, PermissionsPolicy, ReferrerPolicy, Secure, XContentTypeOptions, XFrameOptions
from starlette.responses import Response

from web import health, webhooks
from web.api import availability, events, holds, reservations, revenue
from web.bodies import BodyLimit
from web.doors import visitor_of
from web.house import House
from web.limits import TooMany
from web.pages import booking, managing, paying
from web.problems import answer_to, install

HERE = Path(__file__).parent
API = "/api/v1/properties/{property_code}"
UNLIMITED = ("/static/", "/webhooks/", "/livez", "/readyz", "/metrics")
DOCS = ("/docs", "/openapi.json")
KEPT_SECONDS = 31_536_000

POLICY = (
    ContentSecurityPolicy()
    .default_src("'none'")
    .script_src("'self'")
    .style_src("'self'")
    .font_src("'self'")
    .img_src("'self'", "data:")
    .connect_src("'self'")
    .base_uri("'none'")
    .frame_ancestors("'none'")
)
HEADERS = Secure(
    csp=POLICY,
    xfo=XFrameOptions().deny(),
    xcto=XContentTypeOptions().nosniff(),
    referrer=ReferrerPolicy().same_origin(),
    permissions=PermissionsPolicy().geolocation().camera().microphone(),
)


def create_app(house: House) -> FastAPI:
    """Build the application. Pages, API and webhooks of all properties are served by each process."""
    app = FastAPI(
        title="Nightledger",
        summary="Event-sourced reservation ledger for hotels",
        version="1",
        swagger_ui_parameters={"docExpansion": "list"},
    )
    app.state.house = house
    install(app)
    for module in (availability, holds, reservations, revenue, events):
        app.include_router(module.router, prefix=API, dependencies=[Depends(visitor_of)])
    for module in (health, webhooks, booking, paying, managing):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """Limit requests without a key by address, and give every answer its security headers.

        A key that is not good is counted where it is looked up.
        """
        path = request.url.path
        response: Response | None = None
        has_key = path.startswith("/api/") and request.headers.get("authorization", "").startswith("Bearer nl_")
        if not has_key and not path.startswith(UNLIMITED) and request.client is not None:
            try:
                await house.limits.check(request.client.host)
            except TooMany as many:
                response = answer_to(request, many)
        if response is None:
            response = await answer(request)
        _dress(path, response)
        return response

    app.add_middleware(BodyLimit)
    app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID")
    return app


def _dress(path: str, response: Response) -> None:
    """Add security headers; the API explorer alone may load its own script from elsewhere, so it has no policy of ours."""
    HEADERS.set_headers(response)
    if path.startswith(DOCS):
        del response.headers["Content-Security-Policy"]
    if path.startswith("/static/"):
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
    elif "cache-control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
