"""Reads the form encoding that Stripe's clients write: nested names with brackets, everything a string.

Turning strings into numbers and booleans is the reader's business; here is only the nesting and the typed readers.
"""

import re
from urllib.parse import parse_qsl

from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import invalid, missing, unknown

PART = re.compile(r"[^\[\]]+|\[\]")
LARGEST_AMOUNT = 99_999_999


def parse(encoded: str) -> Json:
    """Turn `a[b][0][c]=d` into nested dictionaries and lists.

    Raises StripeError when a name is used both as a value and as a container.
    """
    tree: Json = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        _place(tree, PART.findall(name) or [name], value, name)
    return {name: _lists(value) for name, value in tree.items()}


def _place(tree: Json, parts: list[str], value: str, name: str) -> None:
    for part in parts[:-1]:
        inner: object = tree.setdefault(str(len(tree)) if part == "[]" else part, {})
        if not isinstance(inner, dict):
            message = f"Invalid parameter: {name}"
            raise invalid(message, name)
        tree = inner
    tree[str(len(tree)) if parts[-1] == "[]" else parts[-1]] = value


def _lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    places = [str(place) for place in range(len(value))]
    if value and set(value) == set(places):
        return [_lists(value[place]) for place in places]
    return {name: _lists(member) for name, member in value.items()}


def only(params: Json, *names: str) -> None:
    """Refuse parameters that the endpoint does not have."""
    for name in params:
        if name not in {*names, "expand"}:
            raise unknown(name)


def text(params: Json, name: str, default: str | None = None) -> str | None:
    """Read a string; an empty one counts as absent, as it does at Stripe."""
    value = params.get(name, default)
    if value is not None and not isinstance(value, str):
        message = f"Invalid string: {name}"
        raise invalid(message, name)
    return value or default


def required(params: Json, name: str) -> str:
    """Read a string that must be there."""
    value = text(params, name)
    if value is None:
        raise missing(name)
    return value


def url(params: Json, name: str) -> str | None:
    """Read an address of the web, or None when absent."""
    value = text(params, name)
    if value is not None and not value.startswith(("http://", "https://")):
        message = "Not a valid URL. URLs must begin with http or https."
        raise invalid(message, name, "url_invalid")
    return value


def choice(params: Json, name: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
    """Read one of a few words."""
    value = text(params, name, default)
    if value is not None and value not in allowed:
        message = f"Invalid {name}: must be one of {', '.join(allowed)}"
        raise invalid(message, name)
    return value


def flag(params: Json, name: str) -> bool:
    """Read a boolean, false when absent."""
    return choice(params, name, ("true", "false"), "false") == "true"


def integer(params: Json, name: str) -> int | None:
    """Read a whole number, or None when absent."""
    value = text(params, name)
    if value is None:
        return None
    if not value.lstrip("-").isdigit():
        message = f"Invalid integer: {value}"
        raise invalid(message, name, "parameter_invalid_integer")
    return int(value)


def amount(params: Json, name: str) -> int | None:
    """Read a positive amount in minor units, at most eight digits."""
    value = integer(params, name)
    if value is None:
        return None
    if value < 1:
        message = "This value must be greater than or equal to 1."
        raise invalid(message, name, "parameter_invalid_integer")
    if value > LARGEST_AMOUNT:
        message = "Amount must be no more than 99999999."
        raise invalid(message, name, "amount_too_large")
    return value


def metadata(params: Json) -> dict[str, str]:
    """Read metadata: at most 50 keys of 40 characters with values of 500."""
    given = params.get("metadata") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        message = "Invalid object: metadata"
        raise invalid(message, "metadata")
    if len(given) > 50 or any(len(name) > 40 or len(value) > 500 for name, value in given.items()):  # noqa: PLR2004 - Stripe's limits
        message = "Metadata has at most 50 keys of at most 40 characters, with values of at most 500."
        raise invalid(message, "metadata")
    return {name: value for name, value in given.items() if value}
