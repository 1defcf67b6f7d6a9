"""Opening a property, redefining it, and publishing its tariff, each only when something is new."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from aggregates.property import Definition, Property
from aggregates.rates import Rates, Tariff
from commands.define_property import DefineProperty
from ledger.command import Change
from ledger.ids import property_stream, rates_stream
from tests.examples import CODE, HOTEL, OPENED, TARIFF
from tests.spec import given

BETTER = replace(HOTEL, tagline="Four better rooms.")
CHEAPER = replace(TARIFF, seasons=())


def define(definition: Definition = HOTEL, tariff: Tariff = TARIFF) -> DefineProperty:
    return DefineProperty(definition=msgspec.to_builtins(definition), tariff=msgspec.to_builtins(tariff))


def test_the_first_definition_opens_the_hotel() -> None:
    given().when(define()).then(*OPENED).answers(changed=True)


def test_the_same_again_changes_nothing() -> None:
    given(*OPENED).when(define()).then().answers(changed=False)


@pytest.mark.parametrize(
    ("definition", "tariff", "changes"),
    [
        (BETTER, TARIFF, [Change(property_stream(CODE), Property.Redefined(definition=BETTER))]),
        (HOTEL, CHEAPER, [Change(rates_stream(CODE), Rates.Published(tariff=CHEAPER))]),
    ],
)
def test_only_what_is_new_is_written(definition: Definition, tariff: Tariff, changes: list[Change]) -> None:
    given(*OPENED).when(define(definition, tariff)).then(*changes).answers(changed=True)


def test_what_is_fixed_refuses_all() -> None:
    given(*OPENED).when(define(replace(HOTEL, currency="EUR"), CHEAPER)).refuses(Property.Fixed, field="currency")
    given(*OPENED).when(define(replace(HOTEL, rooms=HOTEL.rooms[1:]))).refuses(Property.RoomGone, rooms=["g1"])


def test_a_definition_survives_its_json_form() -> None:
    def through_json(value: Any) -> Any:
        return msgspec.json.decode(msgspec.json.encode(value))

    command = DefineProperty(definition=through_json(HOTEL), tariff=through_json(TARIFF))
    given().when(command).then(*OPENED)
