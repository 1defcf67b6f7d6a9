"""The web application: routes, problem answers, security headers, request ids and limits, put together on a House."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from secure import ContentSecurityPolicy, PermissionsPolicy, ReferrerPolicy, Secure, XContentTypeOptions, XFrameOptions
from starlette.middleware.gzip import GZipMiddleware
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


def headers_for(checkout_origin: str) -> Secure:
    """Give the security headers. Forms may lead to the payment provider's page, which is a redirect away from ours."""
    policy = (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .font_src("'self'")
        .img_src("'self'", "data:")
        .connect_src("'self'")
        .form_action("'self'", checkout_origin)
        .base_uri("'none'")
        .frame_ancestors("'none'")
    )
    return Secure(
        csp=policy,
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
    headers = headers_for(house.settings.checkout_origin)
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
        _dress(path, response, headers)
        return response

    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID")
    return app


def _dress(path: str, response: Response, headers: Secure) -> None:
    """Add security headers; the API explorer alone may load its own script from elsewhere, so it has no policy of ours."""
    headers.set_headers(response)
    if path.startswith(DOCS):
        del response.headers["Content-Security-Policy"]
    if path.startswith("/static/"):
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
    elif "cache-control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
