"""Checks a JSON object against the annotations of the pinned stripe package's classes.

The generated classes are the only offline statement of what this API version answers, so the sandbox's responses and
webhooks are held against them. Nothing here knows the sandbox.
"""

import functools
import sys
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from types import UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject
from stripe._object_classes import OBJECT_CLASSES, get_object_class


def misfits(value: object, *, path: str = "") -> list[str]:
    """List every place where a whole API object (it says its kind in `object`) differs from its class.

    Each line reads `path: what is wrong`; an empty list means that it fits.
    """
    if not isinstance(value, Mapping) or "object" not in value:
        return [f"{path or 'value'}: is not an API object"]
    if value["object"] == "list":
        return list(_list_misfits(value, path or "list"))
    kind = str(value["object"])
    if kind not in OBJECT_CLASSES:
        return [f"{path or kind}: unknown kind of object {kind!r}"]
    return list(_object_misfits(value, get_object_class("V1", kind), path or kind))


def _list_misfits(value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, kind in (("data", list), ("has_more", bool), ("url", str)):
        if not isinstance(value.get(name), kind):
            yield f"{path}.{name}: expected {kind.__name__}"
    for name in value.keys() - {"object", "data", "has_more", "url", "total_count"}:
        yield f"{path}.{name}: unknown field"
    for index, member in enumerate(value.get("data") or ()):
        yield from misfits(member, path=f"{path}.data[{index}]")


def _object_misfits(value: Mapping[str, Any], owner: type, path: str) -> Iterator[str]:
    hints = fields(owner)
    for name in sorted(value.keys() - hints.keys()):
        yield f"{path}.{name}: unknown field"
    for name, hint in hints.items():
        if name in value:
            yield from _value_misfits(value[name], hint, f"{path}.{name}")
        elif type(None) not in _choices(hint):
            yield f"{path}.{name}: required field is missing"
    if owner is stripe.Event:
        yield from misfits(value.get("data", {}).get("object"), path=f"{path}.data.object")


def _value_misfits(value: object, hint: object, path: str) -> Iterator[str]:
    choices = _choices(hint)
    literals = [literal for choice in choices if get_origin(choice) is Literal for literal in get_args(choice)]
    if isinstance(value, str) and literals:
        if value not in literals:
            yield f"{path}: {value!r} is none of {literals}"
        return
    fitting = [choice for choice in choices if _fits(value, choice)]
    if not fitting:
        yield f"{path}: {value!r} is not {hint}"
        return
    yield from min((list(_inner_misfits(value, choice, path)) for choice in fitting), key=len)


def _fits(value: object, choice: object) -> bool:
    origin = get_origin(choice) or choice
    if origin is Any or (value is None and origin is type(None)):
        return True
    if not isinstance(origin, type):
        return False
    if issubclass(origin, StripeObject):
        return isinstance(value, Mapping) and _same_kind(value, origin)
    if isinstance(value, bool):
        return origin is bool
    if origin is Decimal:  # travels as text
        return isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdigit()
    return isinstance(value, origin)


def _same_kind(value: Mapping[str, Any], owner: type) -> bool:
    """Tell whether an expanded resource is of this class; parts without a kind always are."""
    kind = getattr(owner, "OBJECT_NAME", None)
    return kind is None or value.get("object") == kind


def _inner_misfits(value: object, choice: object, path: str) -> Iterator[str]:
    origin, arguments = get_origin(choice) or choice, get_args(choice)
    if isinstance(value, list) and arguments:
        for index, member in enumerate(value):
            yield from _value_misfits(member, arguments[0], f"{path}[{index}]")
    elif _is_object(value) and isinstance(origin, type) and issubclass(origin, ListObject):
        yield from _list_misfits(value, path)
    elif _is_object(value) and arguments:
        for name, member in value.items():
            yield from _value_misfits(member, arguments[-1], f"{path}.{name}")
    elif _is_object(value) and isinstance(origin, type) and fields(origin):
        yield from _object_misfits(value, origin, path)


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _choices(hint: object) -> tuple[object, ...]:
    if get_origin(hint) in {Union, UnionType}:
        return tuple(inner for choice in get_args(hint) for inner in _choices(choice))
    return (hint,)


@functools.cache
def fields(owner: type) -> dict[str, object]:
    """Give the resolved annotation of every field of a stripe class, by the field's name."""
    names = dict(_exported())
    while True:
        try:
            hints = typing.get_type_hints(owner, localns=names)
        except NameError as missing:
            names[str(missing.name)] = _found(str(missing.name))
        else:
            return {n: h for n, h in hints.items() if not n.startswith("_") and get_origin(h) is not typing.ClassVar}


@functools.cache
def _exported() -> dict[str, object]:
    return {name: getattr(stripe, name) for name in {*stripe._import_map, *vars(stripe)}}


def _found(name: str) -> object:
    """Give the class behind a name that stripe imports only under TYPE_CHECKING, some as `…Resource`."""
    wanted = name.removesuffix("Resource")
    for kind, (path, owner) in OBJECT_CLASSES.items():
        if wanted in {owner, kind.title().replace(".", "").replace("_", "")}:
            return getattr(import_module(path), owner)
    for module in [module for path, module in sys.modules.items() if path.startswith("stripe.")]:
        if isinstance(found := vars(module).get(name), type):
            return found
    message = f"no module of stripe defines {name}"
    raise LookupError(message)
