"""Guards of the guest pages' forms and cookies: a form is only taken from our own pages, a booking only shown to its holder."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any
from uuid import UUID

from fastapi import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from web.house import House
from web.problems import Problem

FORM_COOKIE = "nl_form"
BOOKING_COOKIE = "nl_booking"
BOOKING_SECONDS = 30 * 24 * 3600
FORM_SECONDS = 24 * 3600


class Forms:
    """Form tokens and cookies of one request's browser."""

    def __init__(self, house: House, request: Request) -> None:
        self._request = request
        self._secure = request.url.scheme == "https"
        self._form = URLSafeTimedSerializer(house.settings.form_secret, salt="form")
        self._booking = URLSafeTimedSerializer(house.settings.form_secret, salt="booking")
        self._browser = request.cookies.get(self._name(FORM_COOKIE)) or secrets.token_urlsafe(16)

    @property
    def browser(self) -> str:
        """Name this browser, as long as it keeps its cookie."""
        return self._browser

    def token(self) -> str:
        """Give the token that a form on a page must carry."""
        return str(self._form.dumps(self._browser))

    def keep(self, response: Response) -> Response:
        """Give the browser its form cookie, so that the token fits it."""
        self._set(response, FORM_COOKIE, self._browser, FORM_SECONDS)
        return response

    def check(self, token: str) -> None:
        """Raises Problem 403 unless the form comes from our own page in this browser."""
        site = self._request.headers.get("sec-fetch-site", "same-origin")
        try:
            fits = secrets.compare_digest(str(self._form.loads(token, max_age=FORM_SECONDS)), self._browser)
        except BadSignature:
            fits = False
        if not fits or site not in {"same-origin", "none"}:
            raise Problem("form.stale", "This form is too old or was opened elsewhere: go back, reload the page and try again.")

    def key(self, *content: str) -> str:
        """Name what this browser sends: the same content from the same browser is the same request, however often it comes."""
        told = json.dumps([self._browser, *content]).encode()
        return hashlib.blake2b(told, digest_size=16).hexdigest()

    def show_booking(self, response: Response, property_code: str, reservation_id: UUID) -> Response:
        """Let this browser see and change a reservation."""
        self._set(response, BOOKING_COOKIE, str(self._booking.dumps([property_code, reservation_id.hex])), BOOKING_SECONDS)
        return response

    def property_of(self, reservation_id: UUID) -> str | None:
        """Name the property of a reservation that this browser was let in to, or nothing when it was not."""
        try:
            shown: Any = self._booking.loads(self._request.cookies.get(self._name(BOOKING_COOKIE), ""), max_age=BOOKING_SECONDS)
            property_code, shown_id = shown
        except (BadSignature, ValueError, TypeError):
            return None
        return property_code if shown_id == reservation_id.hex else None

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            self._name(name), value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=self._secure
        )

    def _name(self, name: str) -> str:
        """Use the strict prefix where browsers honour it: over https only."""
        return f"__Host-{name}" if self._secure else name
