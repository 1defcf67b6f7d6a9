"""Every event of every topic comes back from its stored form as it was."""

from __future__ import annotations

import types
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.event import Event
from tests.reception import CATALOGUE

FEWER = settings(max_examples=settings().max_examples // 4)

SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(codec="utf-8"), max_size=20),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    bytes: st.binary(max_size=40),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
    type(None): st.none(),
}


def anything_of(kind: Any) -> st.SearchStrategy[Any]:
    """Give a strategy for the values of a field's type. Raises KeyError for a type that events do not use yet."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {field.name: anything_of(field.type) for field in msgspec.structs.fields(kind)}
        return st.fixed_dictionaries(fields).map(lambda values: kind(**values))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of([anything_of(argument) for argument in arguments])
    if origin is tuple and arguments[-1] is ...:
        return st.lists(anything_of(arguments[0]), max_size=3).map(tuple)
    return SIMPLE[kind]


def class_of(topic: str) -> type[Event]:
    found = [value for value in vars(CATALOGUE.aggregate_of(topic)).values() if getattr(value, "topic", None) == topic]
    assert len(found) == 1
    return found[0]  # type: ignore[no-any-return]  # it has a topic


@pytest.mark.parametrize("topic", CATALOGUE.topics)
@FEWER
@given(choices=st.data())
def test_an_event_comes_back_as_it_was(topic: str, choices: st.DataObject) -> None:
    event = choices.draw(anything_of(class_of(topic)))
    stored = CATALOGUE.encode(event)
    again = CATALOGUE.decode(topic, stored)
    assert again == event
    assert type(again) is type(event)
    assert CATALOGUE.encode(again) == stored


@pytest.mark.parametrize("topic", CATALOGUE.topics)
@FEWER
@given(choices=st.data())
def test_an_aggregate_takes_any_event_of_its_own_and_changes_no_container_in_place(topic: str, choices: st.DataObject) -> None:
    """A guard in an apply would also be a guard on history; the writer's copies are shallow."""
    aggregate = CATALOGUE.aggregate_of(topic)()
    before = {name: (id(value), repr(value)) for name, value in vars(aggregate).items()}
    kept = dict(vars(aggregate))
    aggregate.apply(choices.draw(anything_of(class_of(topic))))
    for name, value in kept.items():
        assert (id(value), repr(value)) == before[name]
