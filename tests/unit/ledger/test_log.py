"""Readers see whole commands only; property codes are safe in schema names; ids are derived, the same each time."""

from __future__ import annotations

import uuid as standard
from datetime import date
from uuid import UUID

import pytest

from ledger import ids
from ledger.log import Batch, Row, columns_of, whole_commands
from ledger.schema import creation, schema_name
from tests.examples import NOW, named


def rows(*commands: int, cut: int = 0) -> list[Row]:
    """Give the events of commands with that many events each, without the last `cut`."""
    places = [(index, count) for count in commands for index in range(count)]
    listed = [
        Row(position, named("s"), position, "t", b"", NOW, NOW, named("c"), index, count, None, None, "test", None)
        for position, (index, count) in enumerate(places, 1)
    ]
    return listed[: len(listed) - cut]


@pytest.mark.parametrize(
    ("commands", "cut", "whole"),
    [
        ((), 0, 0),
        ((1,), 0, 1),
        ((3,), 0, 3),
        ((3,), 1, 0),
        ((3,), 2, 0),
        ((1, 3), 0, 4),
        ((1, 3), 1, 1),
        ((1, 3), 3, 1),
        ((2, 1, 4), 2, 3),
        ((2, 2), 1, 2),
    ],
)
def test_a_command_is_read_whole_or_not_at_all(commands: tuple[int, ...], cut: int, whole: int) -> None:
    assert len(whole_commands(rows(*commands, cut=cut))) == whole


@pytest.mark.parametrize("code", ["ella", "a", "hotel_2", "a" * 40])
def test_a_plain_code_is_a_schema(code: str) -> None:
    assert schema_name(code) == f"property_{code}"
    assert len(schema_name(code)) <= 63, "PostgreSQL cuts longer names"
    assert len(creation(code)) == 2


@pytest.mark.parametrize("code", ["", "2hotel", "Ella", "a-b", 'a"; DROP TABLE x', "a" * 41, "ella\n"])
def test_any_other_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        schema_name(code)


def test_ids_do_not_change_between_releases() -> None:
    """Stream ids of stored events depend on these; a difference here loses every booking."""
    assert ids.property_stream("ella") == UUID("814245b5-5451-5f86-8135-a752f0404b25")
    assert ids.room_night_stream("ella", "101", date(2126, 3, 10)) == UUID("78f7a8da-f2a1-56ca-af75-a1f16a276750")
    assert ids.payment_id(UUID(int=1), "deposit", 1) == UUID("f168ffb3-636c-5886-9069-5cdc07071c4b")


@pytest.mark.parametrize("name", ["", "a", "room-night/101/2126-03-10/night", "Ünïcödé/ශ්‍රී ලංකා", "x" * 1_000])
def test_names_are_those_of_the_standard(name: str) -> None:
    for namespace in (ids.NAMESPACE, UUID(int=0), UUID(int=2**128 - 1)):
        made = ids.named_in(namespace, name)
        assert made == standard.uuid5(namespace, name)
        assert made.is_safe is standard.uuid5(namespace, name).is_safe
        assert (made.version, made.variant, str(made)) == (5, standard.RFC_4122, str(standard.uuid5(namespace, name)))


def test_different_things_have_different_ids() -> None:
    day = date(2126, 3, 10)
    names = [
        ids.property_stream("ella"), ids.property_stream("kandy"), ids.rates_stream("ella"), ids.rates_stream("kandy"),
        ids.holder_stream("ella", "x"), ids.holder_stream("ella", "y"), ids.holder_stream("kandy", "x"),
        ids.room_night_stream("ella", "101", day), ids.room_night_stream("ella", "101", day, "day use"),
        ids.room_night_stream("ella", "102", day), ids.room_night_stream("kandy", "101", day),
        ids.payment_id(named("r"), "deposit", 1), ids.payment_id(named("r"), "deposit", 2), ids.made_by(named("r"), "stay/1"),
        ids.notification_id(named("r"), "held", 1), ids.notification_id(named("r"), "held", 11),
        ids.saga_command_id("expire", named("r"), "1"), ids.http_command_id("guest", "POST /holds", "key"),
    ]  # fmt: skip
    assert len(set(names)) == len(names)


def test_a_batch_of_nothing_has_all_the_columns_of_one_with_something() -> None:
    full = Batch(
        guards={named("g"): 1}, events=[(named("s"), 1, "t", b"", 1, 0)],
        commands=[(named("c"), 1, NOW, None, None, "test", None)], outcomes=[(b"", 1, b"")],
    )  # fmt: skip
    kinds = [type(column) for column in columns_of(full)]
    assert len(kinds) == 18
    assert [type(column) for column in columns_of(Batch())] == kinds
