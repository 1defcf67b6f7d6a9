"""From an HTTP request to an operation and back: key check, forms, idempotency, one transaction, headers.

An operation is a plain function `(world, params, **path) -> object`; it never sees HTTP.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ops.sandbox import forms, idempotency, reading, timers
from ops.sandbox.events import API_VERSION
from ops.sandbox.idempotency import Answer, Claim
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import StripeError
from ops.sandbox.world import World, token

Operation = Callable[..., Json]


def endpoint(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """Serve an operation over HTTP."""

    async def serve(request: Request) -> Response:
        request_id = f"req_{token(14)}"
        try:
            authorization = _authenticate(request)
            params = forms.parse(request.url.query) | forms.parse((await request.body()).decode())
            answer = await _answer(request, operation, authorization, params, request_id)
        except StripeError as error:
            answer = Answer(error.status, error.answer(request_id), request_id)
        return _response(request, answer, request_id)

    return serve


def _authenticate(request: Request) -> str:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key:
        message = "You did not provide an API key. You need to provide your API key in the Authorization header."
        raise StripeError(401, "invalid_request_error", message, executed=False)
    if not key.startswith("sk_test_"):
        message = f"Invalid API Key provided: {key[:8]}****"
        raise StripeError(401, "invalid_request_error", message, executed=False)
    return key


async def _answer(request: Request, operation: Operation, account: str, params: Json, request_id: str) -> Answer:
    world: World = request.app.state.world
    world.public_url = world.settings.public_url or str(request.base_url).rstrip("/")
    timers.run(world)
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    claim = idempotency.claim(account, key, request.method, request.url.path, params) if key else None
    if claim and (kept := idempotency.replay(world, claim)):
        return kept
    if claim:
        world.keys_in_use.add(claim.id)
    try:
        fault: Json = request.scope.get("sandbox.fault") or {}
        if fault.get("action") == "delay":
            await asyncio.sleep(fault["seconds"])
        if fault.get("when") == "during" and fault["action"] == "server_error":
            return _broken(world, claim, fault, request_id)
        world.request = {"id": request_id, "idempotency_key": key}
        return _execute(world, operation, claim, params | {"path": request.path_params}, request_id)
    finally:
        world.request = {"id": None, "idempotency_key": None}
        world.keys_in_use.discard(claim.id if claim else "")


def _broken(world: World, claim: Claim | None, fault: Json, request_id: str) -> Answer:
    """Fail inside the endpoint: nothing is applied, but the answer is kept under the key."""
    error = StripeError(fault["status"], "api_error", "An unknown error occurred (injected while executing).")
    answer = Answer(error.status, error.answer(request_id), request_id)
    if claim:
        idempotency.keep(world, claim, answer)
    return answer


def _execute(world: World, operation: Operation, claim: Claim | None, params: Json, request_id: str) -> Answer:
    """Run the operation and keep its answer in one transaction; a refused parameter keeps nothing."""
    path = params.pop("path")
    with world.store.transaction():
        try:
            body = reading.expand(world, operation(world, params, **path), params.get("expand"))
            answer = Answer(200, body, request_id)
        except StripeError as error:
            if not error.executed:
                raise
            answer = Answer(error.status, error.answer(request_id), request_id)
        if claim:
            idempotency.keep(world, claim, answer)
    return answer


def _response(request: Request, answer: Answer, request_id: str) -> Response:
    headers = {"Request-Id": request_id, "Stripe-Version": request.headers.get("stripe-version", API_VERSION)}
    if key := request.headers.get("idempotency-key"):
        headers["Idempotency-Key"] = key
    if answer.status >= 500:  # noqa: PLR2004 - server errors; the key would only replay it
        headers["Stripe-Should-Retry"] = "false"
    if answer.replayed:
        headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.request_id}
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)
