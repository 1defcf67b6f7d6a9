"""Idempotency keys as Stripe documents them: the first answer is kept once execution began, 500s and declines included.

Source: docs.stripe.com/api/idempotent_requests. A key is forgotten after 24 hours of the sandbox's clock.
"""

import hashlib
import json
from dataclasses import dataclass

from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import StripeError
from ops.sandbox.world import World

KEPT_SECONDS = 86_400
LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    """What a request is answered: status, JSON body and the id of the request that was executed."""

    status: int
    body: Json
    request_id: str
    replayed: bool = False


@dataclass(frozen=True)
class Claim:
    """One request under one key: the key belongs to an account, the fingerprint to method, path and parameters."""

    account: str
    key: str
    method: str
    path: str
    params: str

    @property
    def id(self) -> str:
        """Name the key within all accounts, without keeping the account's secret."""
        return hashlib.sha256(f"{self.account}\n{self.key}".encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Tell two requests under one key apart."""
        return hashlib.sha256(f"{self.method}\n{self.path}\n{self.params}".encode()).hexdigest()


def claim(authorization: str, key: str, method: str, path: str, params: Json) -> Claim:
    """Describe a request with an `Idempotency-Key`. Raises StripeError when the key is too long."""
    if len(key) > LONGEST_KEY:
        message = "Idempotency keys may have at most 255 characters."
        raise StripeError(400, "idempotency_error", message, executed=False)
    return Claim(authorization, key, method, path, json.dumps(params, sort_keys=True))


def replay(world: World, wanted: Claim) -> Answer | None:
    """Give the kept answer, or None for a new key.

    Raises StripeError 400 when the same key came with other parameters, 409 while its first request still runs.
    """
    if wanted.id in world.keys_in_use:
        message = (
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            "submitted twice, and the other request is still going through)."
        )
        raise StripeError(409, "idempotency_error", message, executed=False, fields={"code": "idempotency_key_in_use"})
    kept = world.store.get("idempotency", wanted.id)
    if kept is None or kept["due_at"] <= world.now():
        return None
    if kept["fingerprint"] != wanted.fingerprint:
        message = (
            f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{wanted.key}' if you meant to execute a different request."
        )
        raise StripeError(400, "idempotency_error", message, executed=False)
    return Answer(kept["status"], kept["body"], kept["request_id"], replayed=True)


def keep(world: World, wanted: Claim, answer: Answer) -> None:
    """Keep the first answer under the key."""
    world.store.put(
        "idempotency",
        {
            "id": wanted.id,
            "fingerprint": wanted.fingerprint,
            "status": answer.status,
            "body": answer.body,
            "request_id": answer.request_id,
            "due_at": world.now() + KEPT_SECONDS,
        },
    )
