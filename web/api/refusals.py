"""How the API refuses, as its description says it: the shape of a problem, one example for each status, who gets which.

What really is answered is in web/problems.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.bodies import RULE
from web.doors import API
from web.problems import TITLES

FIELDS = {
    "type": "`urn:nightledger:problem:` and the code",
    "title": "The same for every problem of a status",
    "status": "As in HTTP",
    "detail": "What is the case and what to do next, for people",
    "code": "What is the case, for programs; never changes",
    "instance": "`urn:request:` and the id of the request, as in `X-Request-ID`",
}
SCHEMA: Mapping[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": list(FIELDS),
    "properties": {
        **{name: {"type": "integer" if name == "status" else "string", "description": text} for name, text in FIELDS.items()},
        "errors": {
            "type": "array",
            "description": "Every field that is wrong",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "Where, with dots between the parts"},
                    "message": {"type": "string", "description": "Which rule it breaks"},
                },
            },
        },
        "details": {"type": "object", "description": "What a program may use to go on, by code: rooms, alternatives, versions"},
    },
}
RETRY = {"Retry-After": {"description": "Seconds until it is worth asking again", "schema": {"type": "integer"}}}


def _refusal(status: int, code: str, detail: str, told: str, **more: Any) -> dict[str, Any]:
    """Describe the answers of a status, with an example."""
    problem = {
        "type": f"urn:nightledger:problem:{code}", "title": TITLES[status], "status": status, "detail": detail,
        "code": code, "instance": "urn:request:6a1f0c0e5d4b4c0f9a37d0f2f4b8f3c1", **more,
    }  # fmt: skip
    schema = {"$ref": "#/components/schemas/Problem"}
    headers = {"headers": RETRY} if status in {429, 503} else {}
    return {"description": told, **headers, "content": {"application/problem+json": {"schema": schema, "example": problem}}}


REFUSALS: Mapping[str, Any] = {
    "Forged": _refusal(
        400, "webhook.forged", "The signature does not fit: check the webhook secret at the vendor and here.",
        "Not signed by the vendor",
    ),
    "Unreadable": _refusal(
        400, "http.400", "The body cannot be read: send it as the content type says.", "No text of its content type",
    ),
    "UnknownCaller": _refusal(
        401, "key.unknown", "This needs an API key with the scope revenue:read: send it as Authorization: Bearer nl_….",
        "No token, or one that is not good",
    ),
    "NotAllowed": _refusal(
        403, "key.scope_missing", "This API key lacks the scope revenue:read for ella: ask for another key.",
        "The API key lacks the scope",
    ),
    "Unknown": _refusal(
        404, "property.unknown", "There is no property 'elba': check the address.", "No such hotel, or nothing under this id",
    ),
    "Refused": _refusal(
        409, "room_night.taken", "Room 103 is taken between 2027-03-11 and 2027-03-14: free is 105, 106.",
        "The hotel's rules refuse it", details={"room": "103", "rooms": ["105", "106"]},
    ),
    "TooLarge": _refusal(413, "body.too_large", RULE, "Larger than can be taken"),
    "Malformed": _refusal(
        422, "malformed", "arrival: invalid date separator, expected `-`. Correct this and send it again.",
        "The request is wrong: every field that is, by name",
        errors=[{"field": "arrival", "message": "invalid date separator, expected `-`"}],
    ),
    "TooMany": _refusal(
        429, "too_many_requests", "Too many requests from your address: try again in 20 s.",
        "Too many requests, or too many unpaid holds", details={"retry_after": 20},
    ),
    "Unavailable": _refusal(
        503, "unavailable", "A server behind the site does not answer: try again in a moment.",
        "Not available just now; nothing was written, or the same Idempotency-Key tells what was",
    ),
}  # fmt: skip
EVERYWHERE = ("UnknownCaller", "Unknown", "Malformed", "TooMany", "Unavailable")
OF_WRITES = ("Unreadable", "Refused", "TooLarge")
OF_WEBHOOKS = ("Forged", "Unknown", "TooLarge", "Unavailable")
STATUS_OF: Mapping[str, str] = {
    name: str(answer["content"]["application/problem+json"]["example"]["status"]) for name, answer in REFUSALS.items()
}


def refusals_of(method: str, path: str, own: Mapping[str, Any], *, takes_keys: bool) -> dict[str, Any]:
    """List the refusals of an operation by status, each as a reference; `own` are answers that its route describes itself."""
    if path.startswith("/webhooks/"):
        names: tuple[str, ...] = OF_WEBHOOKS
    elif path.startswith(API):
        names = EVERYWHERE + (OF_WRITES if method != "get" else ()) + (("NotAllowed",) if takes_keys else ())
    else:
        names = ()
    return {STATUS_OF[name]: _told(name, own) for name in sorted(names, key=STATUS_OF.__getitem__)}


def _told(name: str, own: Mapping[str, Any]) -> Any:
    """Refer to a refusal, unless the route has words of its own for it."""
    words = own.get(STATUS_OF[name])
    if words is None or name == "Malformed":  # of which the framework has its own idea
        return {"$ref": f"#/components/responses/{name}"}
    return {**REFUSALS[name], "description": words["description"]}
