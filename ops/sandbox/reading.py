"""Lists and expansion, the same for every kind of object: newest first, cursors, `created` windows, `expand[]`."""

from collections.abc import Callable

from ops.sandbox import forms
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import invalid
from ops.sandbox.world import World

LARGEST_PAGE = 100
DEEPEST = 4
EXPANDABLE = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "customer": "customer",
    "payment_method": "payment_method",
    "balance_transaction": "balance_transaction",
    "setup_intent": "setup_intent",
    "failure_balance_transaction": "balance_transaction",
}
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}
FILTERS = {
    "checkout.session": ("payment_intent", "customer", "status"),
    "payment_intent": ("customer",),
    "charge": ("payment_intent", "customer"),
    "refund": ("payment_intent", "charge"),
    "dispute": ("payment_intent", "charge"),
    "balance_transaction": ("source", "type", "currency"),
    "customer": ("email",),
    "event": ("type",),
}
URLS = {"checkout.session": "/v1/checkout/sessions"}


def page(world: World, kind: str, params: Json) -> Json:
    """Give one page of a kind of object, newest first. Raises StripeError for unknown filters and cursors."""
    forms.only(params, "limit", "starting_after", "ending_before", "created", "delivery_success", "types", *FILTERS[kind])
    given = {name: value for name in FILTERS[kind] if (value := forms.text(params, name)) is not None}
    found = [body for body in reversed(world.store.all(kind, **given)) if _in_window(body, params.get("created"))]
    if kind == "event":
        found = _events(world, found, params)
    return _slice(found, params, URLS.get(kind, f"/v1/{kind}s"))


def _slice(found: list[Json], params: Json, url: str) -> Json:
    limit = forms.integer(params, "limit") or 10
    if not 1 <= limit <= LARGEST_PAGE:
        message = "This value must be between 1 and 100."
        raise invalid(message, "limit", "parameter_invalid_integer")
    ids = [body["id"] for body in found]
    if after := forms.text(params, "starting_after"):
        found = found[_place(ids, after, "starting_after") + 1 :]
    if before := forms.text(params, "ending_before"):
        found = found[: _place(ids, before, "ending_before")]
        return {"object": "list", "data": found[-limit:], "has_more": len(found) > limit, "url": url}
    return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": url}


def _place(ids: list[str], cursor: str, param: str) -> int:
    if cursor not in ids:
        message = f"No such object: '{cursor}'"
        raise invalid(message, param, "resource_missing")
    return ids.index(cursor)


def _in_window(body: Json, created: object) -> bool:
    if created is None:
        return True
    window = created if isinstance(created, dict) else {"gte": created, "lte": created}
    if not window.keys() <= COMPARE.keys() or not all(str(edge).isdigit() for edge in window.values()):
        message = "Invalid created: give Unix seconds, or gt, gte, lt, lte."
        raise invalid(message, "created")
    return all(COMPARE[name](int(body["created"]), int(str(edge))) for name, edge in window.items())


def _events(world: World, found: list[Json], params: Json) -> list[Json]:
    """Keep the asked types and, with `delivery_success`, the events whose webhooks all arrived or not."""
    types = params.get("types")
    if isinstance(types, list):
        found = [event for event in found if event["type"] in types]
    wanted = forms.choice(params, "delivery_success", ("true", "false"))
    if wanted is None:
        return found
    undelivered = {
        delivery["event"] for state in ("waiting", "given_up") for delivery in world.store.all("delivery", state=state, copy=0)
    }
    return [event for event in found if (event["id"] not in undelivered) == (wanted == "true")]


def expand(world: World, body: Json, paths: object) -> Json:
    """Replace ids by their objects along dotted paths such as `payment_intent.latest_charge`."""
    if paths is None:
        return body
    if not isinstance(paths, list):
        message = "Invalid array: expand"
        raise invalid(message, "expand")
    for path in paths:
        steps = str(path).split(".")
        if len(steps) > DEEPEST:
            message = "You can only expand up to 4 levels of a property."
            raise invalid(message, "expand")
        _expand(world, body, steps)
    return body


def _expand(world: World, body: Json, steps: list[str]) -> None:
    step, rest = steps[0], steps[1:]
    if body["object"] == "list" and step == "data":
        for member in body["data"]:
            _expand(world, member, rest)
        return
    if body["object"] == "checkout.session" and step == "line_items":
        body[step] = {
            "object": "list",
            "data": world.find("checkout", body["id"])["items"],
            "has_more": False,
            "url": f"/v1/checkout/sessions/{body['id']}/line_items",
        }
        return
    if body["object"] == "charge" and step == "refunds":
        refunds = world.store.all("refund", charge=body["id"])[::-1]
        body[step] = {"object": "list", "data": refunds, "has_more": False, "url": f"/v1/charges/{body['id']}/refunds"}
        return
    if step not in EXPANDABLE or step not in body:
        message = f"This property cannot be expanded ({step})."
        raise invalid(message, "expand")
    if isinstance(body[step], str):
        body[step] = world.find(EXPANDABLE[step], body[step])
    if rest and body[step]:
        _expand(world, body[step], rest)
