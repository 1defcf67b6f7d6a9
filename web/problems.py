"""Refusals and faults as RFC 9457 problem details, or as a page for people. One table maps codes to status codes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ledger.keys import MasterKeyWrong
from ledger.refusal import Refusal, Unavailable, code_of
from ledger.unreadable import Unreadable
from web.templating import page

logger = logging.getLogger(__name__)

MALFORMED = 422
REFUSED = 409
STATUS: Mapping[str, int] = {
    "body.too_large": 413,
    "command.id_reused": MALFORMED,
    "command.too_large": 413,
    "dates.departure_not_after_arrival": MALFORMED,
    "dates.not_one_day": MALFORMED,
    "dates.past": MALFORMED,
    "dates.too_far": MALFORMED,
    "dates.too_long": MALFORMED,
    "holder.too_many_holds": 429,
    "group.cutoff_after_arrival": MALFORMED,
    "group.cutoff_past": MALFORMED,
    "group.larger_than_house": MALFORMED,
    "group.option_out_of_range": MALFORMED,
    "group.unknown": 404,
    "key.unknown": 401,
    "key.scope_missing": 403,
    "malformed": MALFORMED,
    "notification.unknown": 404,
    "payment.unknown": 404,
    "property.room_type_unknown": MALFORMED,
    "property.too_many_guests": MALFORMED,
    "property.unknown": 404,
    "property.unopened": 404,
    "rates.plan_unknown": MALFORMED,
    "rates.unpriced": MALFORMED,
    "reservation.stay_unknown": 404,
    "reservation.unknown": 404,
    "reservation.which_stay": MALFORMED,
    "room.unknown": MALFORMED,
    "rooming_list.wrong": MALFORMED,
    "seal.size_unknown": MALFORMED,
    "stream.too_many": 429,
    "stay.night_outside": MALFORMED,
    "stay.too_many_guests": MALFORMED,
    "stream.other_kind": 404,
    "too_many_requests": 429,
    "event.damaged": 500,
    "event.unknown": 404,
    "event.unsealed": 404,
    "form.stale": 403,
    "waitlist.unknown": 404,
    "upkeep.block_unknown": 404,
    "upkeep.last_night_before_first": MALFORMED,
    "upkeep.past": MALFORMED,
    "upkeep.too_far": MALFORMED,
    "upkeep.too_long": MALFORMED,
    "property.room_unknown": MALFORMED,
    "webhook.forged": 400,
}
"""Status by code; every other refusal is one by the hotel's rules: 409."""

TITLES: Mapping[int, str] = {
    400: "Not accepted",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    409: "Refused",
    413: "Too large",
    422: "Please check what you entered",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Not available just now",
}
HOLD_RETRY_SECONDS = 60


class Problem(Refusal):
    """A refusal that the web itself gives, under a code of its own."""

    def __init__(self, code: str, message: str, field: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.problem_code = code
        if field:
            self.details["field"] = field


def install(app: FastAPI) -> None:
    """Give every refusal and fault its answer."""
    app.add_exception_handler(Refusal, _in_the_hotels_frame(_refusal))
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(Unreadable, _unreadable)
    app.add_exception_handler(MasterKeyWrong, _locked)
    app.add_exception_handler(RequestValidationError, _in_the_hotels_frame(_malformed))
    app.add_exception_handler(HTTPException, _in_the_hotels_frame(_http))
    app.add_exception_handler(Exception, _fault)


def _in_the_hotels_frame(
    answer: Callable[[Request, Exception], Response],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Show a page that belongs to no property with the name and the telephone of the one that the site is for."""

    async def framed(request: Request, problem: Exception) -> Response:
        if _wants_page(request) and getattr(request.state, "hotel", None) is None:
            try:
                desk = await request.app.state.house.front_desk()
                request.state.hotel = (await desk.hotel.current()).definition if desk else None
            except Exception as gone:  # noqa: BLE001 - whatever is away, the guest must still read what happened
                logger.warning("a page is shown without the hotel's name: %s", type(gone).__name__)
        return answer(request, problem)

    return framed


def status_of(refusal: Refusal) -> int:
    """Give the status code of a refusal."""
    return STATUS.get(_code(refusal), REFUSED)


def unavailable(request: Request, _: Exception) -> Response:
    """Answer that a server behind us does not answer."""
    return _unavailable(request, Unavailable("A server behind the site does not answer: try again in a moment."))


def _code(refusal: Refusal) -> str:
    return refusal.problem_code if isinstance(refusal, Problem) else code_of(refusal)


def _refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for refusals
    return answer_to(request, refusal)


def answer_to(request: Request, refusal: Refusal) -> Response:
    """Answer a refusal: a page for people, problem details for programs."""
    status = status_of(refusal)
    details = dict(refusal.details)
    field = details.pop("field", None) or refusal.field
    errors = [{"field": field, "message": refusal.message}] if field else []
    headers = {"Retry-After": str(details.get("retry_after", HOLD_RETRY_SECONDS))} if status == 429 else {}  # noqa: PLR2004 - as HTTP names it
    if status == 401:  # noqa: PLR2004 - as HTTP names it
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(request, status, _code(refusal), refusal.message, errors, details, headers)


def _unavailable(request: Request, gone: Exception) -> Response:
    assert isinstance(gone, Unavailable)  # noqa: S101 - registered for it
    return _answer(request, 503, "unavailable", str(gone), [], {}, {"Retry-After": str(gone.retry_after)})


def _unreadable(request: Request, wrong: Exception) -> Response:
    """Say which stored event stands in the way; only who runs the site can mend it."""
    logger.error("%s", wrong)
    return _answer(request, 503, "ledger.unreadable", f"{wrong}. Nothing was written.", [], {}, {"Retry-After": "60"})


def _locked(request: Request, wrong: Exception) -> Response:
    """Say that guests' details cannot be read or written; what needs none of them works."""
    logger.error("%s", wrong)
    detail = "Guests' details are locked just now, and nothing was written: the hotel has to set its master key right."
    return _answer(request, 503, "keys.locked", detail, [], {}, {"Retry-After": "60"})


def _malformed(request: Request, wrong: Exception) -> Response:
    """Name every field and rule; never repeat what was sent, it may be personal."""
    assert isinstance(wrong, RequestValidationError)  # noqa: S101 - registered for it
    errors = [{"field": _field(problem["loc"]), "message": _rule(problem)} for problem in wrong.errors()]
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
    return _answer(request, MALFORMED, "malformed", f"{detail}. Correct this and send it again.", errors, {}, {})


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == 404:  # noqa: PLR2004 - as HTTP names it
        detail = "There is nothing at this address: check it, or start at the front page."
    elif error.status_code == 400:  # noqa: PLR2004 - as HTTP names it
        detail = "The body cannot be read: send it as the content type says."
    else:
        detail = f"{str(error.detail).removesuffix('.')}."
    return _answer(request, error.status_code, f"http.{error.status_code}", detail, [], {}, dict(error.headers or {}))


def _fault(request: Request, fault: Exception) -> Response:
    logger.error("unexpected fault at %s", request.url.path, exc_info=fault)
    detail = "This is our fault and was noted. Nothing was half-done: try again, or call us with the reference below."
    return _answer(request, 500, "fault", detail, [], {}, {})


def _answer(
    request: Request, status: int, code: str, detail: str, errors: list[dict[str, str]],
    details: Mapping[str, Any], headers: dict[str, str],
) -> Response:  # fmt: skip
    title = TITLES.get(status, "Not possible")
    if _wants_page(request):
        return page(request, "problem.html", status=status, headers=headers, title=title, detail=detail, next_step=None,
                    link={"href": "/", "text": "Back to the front page"})  # fmt: skip
    body: dict[str, Any] = {
        "type": f"urn:nightledger:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    body["instance"] = f"urn:request:{correlation_id.get() or ''}"
    if errors:
        body["errors"] = errors
    if details:
        body["details"] = dict(details)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _wants_page(request: Request) -> bool:
    is_api = request.url.path.startswith(("/api/", "/webhooks/", "/livez", "/readyz", "/metrics", "/openapi.json"))
    return not is_api and "text/html" in request.headers.get("accept", "")


def _field(place: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in place if part not in {"body", "query", "header", "path"}) or "body"


def _rule(problem: Mapping[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:]
