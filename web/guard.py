"""The first to look at a request: limits those without a key, and gives every answer its security headers.

Not who calls, nor what they may: that is asked at the doors of the routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastapi import Request
from secure import ContentSecurityPolicy, PermissionsPolicy, ReferrerPolicy, Secure, XContentTypeOptions, XFrameOptions
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.limits import Limits, TooMany
from web.problems import answer_to

UNLIMITED = ("/static/", "/webhooks/", "/livez", "/readyz", "/metrics")
KEPT_SECONDS = 31_536_000
RawHeaders = list[tuple[bytes, bytes]]


def headers_for(checkout_origin: str) -> Mapping[str, str]:
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
    ).headers


class Guard:
    """ASGI middleware. The headers are made once, and are the same for every answer but its caching."""

    def __init__(self, app: ASGIApp, limits: Limits, checkout_origin: str) -> None:
        self._app = app
        self._limits = limits
        self._headers = _raw(headers_for(checkout_origin).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its address may ask, and dress the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers, *_caching(path, message)]
            await send(message)

        answer = self._app
        try:
            await self._check(scope, path)
        except TooMany as many:
            answer = answer_to(Request(scope), many)
        await answer(scope, receive, dressed)

    async def _check(self, scope: Scope, path: str) -> None:
        """Count a request without a key. Raises TooMany. A key that is not good is counted where it is looked up."""
        if path.startswith(UNLIMITED) or not scope.get("client"):
            return
        if path.startswith("/api/") and Headers(scope=scope).get("authorization", "").startswith("Bearer nl_"):
            return
        await self._limits.check(scope["client"][0])


def _caching(path: str, message: Message) -> RawHeaders:
    """Let files be kept for a year, and nothing else, unless the route says so."""
    if path.startswith("/static/"):
        return [(b"cache-control", f"public, max-age={KEPT_SECONDS}, immutable".encode())]
    if any(name == b"cache-control" for name, _ in message.get("headers", ())):
        return []
    return [(b"cache-control", b"no-store")]


def _raw(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
