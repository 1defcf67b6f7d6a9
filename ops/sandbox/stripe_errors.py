"""Stripe's error objects: which status, type, code and message the real API answers.

`executed` tells the idempotency layer whether an endpoint had begun its work, because only then a response is kept.
Source: docs.stripe.com/api/idempotent_requests and /api/errors.
"""

from ops.sandbox.store import Json

NAMES = {"payment_method": "PaymentMethod", "balance_transaction": "balance transaction"}


class StripeError(Exception):
    """An answer other than 2xx, in the shape that Stripe's clients read."""

    def __init__(self, status: int, kind: str, message: str, *, executed: bool = True, fields: Json | None = None) -> None:
        """Describe the answer; `fields` are added to the error object unless they are None."""
        super().__init__(message)
        self.status = status
        self.executed = executed
        self.body: Json = {"type": kind, "message": message}
        self.body |= {name: value for name, value in (fields or {}).items() if value is not None}

    def answer(self, request_id: str) -> Json:
        """Give the JSON body."""
        return {"error": {**self.body, "request_log_url": f"/requests/{request_id}"}}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """Refuse parameters before anything ran; nothing is kept under the idempotency key."""
    return StripeError(400, "invalid_request_error", message, executed=False, fields={"param": param, "code": code})


def missing(param: str) -> StripeError:
    """Refuse a request without a required parameter."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def unknown(param: str) -> StripeError:
    """Refuse a parameter that this endpoint does not have."""
    return invalid(f"Received unknown parameter: {param}", param, "parameter_unknown")


def refused(message: str, code: str | None = None, **fields: object) -> StripeError:
    """Refuse because of the object's state; the answer is kept under the idempotency key."""
    return StripeError(400, "invalid_request_error", message, fields={"code": code, **fields})


def no_such(kind: str, object_id: str, param: str | None = None) -> StripeError:
    """Say that there is no such object: 404 for the object of the path, 400 for one named by a parameter."""
    message = f"No such {NAMES.get(kind, kind)}: '{object_id}'"
    return StripeError(
        400 if param else 404,
        "invalid_request_error",
        message,
        executed=False,
        fields={"code": "resource_missing", "param": param or "id"},
    )


def unexpected_state(intent: Json, verb: str, allowed: str) -> StripeError:
    """Refuse because the payment intent is in another state; the error carries the intent, as Stripe's does."""
    message = (
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {verb}: {allowed}."
    )
    return refused(message, "payment_intent_unexpected_state", payment_intent=intent)


def card_error(failure: Json, intent: Json | None) -> StripeError:
    """Give the 402 of a failed card; `failure` is the intent's last_payment_error."""
    fields = {name: value for name, value in failure.items() if name not in {"type", "message"}}
    return StripeError(402, "card_error", failure["message"], fields={**fields, "payment_intent": intent})
