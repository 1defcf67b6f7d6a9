"""Lists and expansion, the same for every kind of object: newest first, cursors, `created` windows, `expand[]`."""

from collections.abc import Iterator
from itertools import dropwhile, islice, takewhile

from ops.sandbox import forms
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import invalid
from ops.sandbox.world import World

LARGEST_PAGE = 100
DEEPEST = 4
LAST_SECOND = 2**62
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
    for param in ("starting_after", "ending_before"):
        if cursor := forms.text(params, param):
            world.find(kind, cursor, param=param)
    found = world.store.newest(kind, _window(params.get("created")), **given)
    if kind == "event":
        found = _events(world, found, params)
    return _slice(found, params, URLS.get(kind, f"/v1/{kind}s"))


def _slice(found: Iterator[Json], params: Json, url: str) -> Json:
    limit = forms.integer(params, "limit") or 10
    if not 1 <= limit <= LARGEST_PAGE:
        message = "This value must be between 1 and 100."
        raise invalid(message, "limit", "parameter_invalid_integer")
    after, before = forms.text(params, "starting_after"), forms.text(params, "ending_before")
    if after:
        found = islice(dropwhile(lambda body: body["id"] != after, found), 1, None)
    if before:
        newer = list(takewhile(lambda body: body["id"] != before, found))
        return {"object": "list", "data": newer[-limit:], "has_more": len(newer) > limit, "url": url}
    shown = list(islice(found, limit + 1))
    return {"object": "list", "data": shown[:limit], "has_more": len(shown) > limit, "url": url}


def _window(created: object) -> tuple[int, int]:
    """Read `created` as the first and the last second of a window."""
    if created is None:
        return 0, LAST_SECOND
    window = created if isinstance(created, dict) else {"gte": created, "lte": created}
    if not window.keys() <= {"gt", "gte", "lt", "lte"} or not all(str(edge).isdigit() for edge in window.values()):
        message = "Invalid created: give Unix seconds, or gt, gte, lt, lte."
        raise invalid(message, "created")
    edges = {name: int(str(edge)) for name, edge in window.items()}
    low = max(edges.get("gte", 0), edges.get("gt", -1) + 1)
    return low, min(edges.get("lte", LAST_SECOND), edges.get("lt", LAST_SECOND + 1) - 1)


def _events(world: World, found: Iterator[Json], params: Json) -> Iterator[Json]:
    """Keep the asked types and, with `delivery_success`, the events whose webhooks all arrived or not."""
    types = params.get("types")
    if isinstance(types, list):
        found = filter(lambda event: event["type"] in types, found)
    wanted = forms.choice(params, "delivery_success", ("true", "false"))
    if wanted is None:
        return found
    undelivered = {
        delivery["event"] for state in ("waiting", "given_up") for delivery in world.store.all("delivery", state=state, copy=0)
    }
    return filter(lambda event: (event["id"] not in undelivered) == (wanted == "true"), found)


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
