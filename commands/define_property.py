"""Open a property or redefine it, and publish its tariff, as one definition file says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from aggregates.property import Definition, Property
from aggregates.rates import Rates, Tariff
from ledger.command import Change, Command, Decision, Envelope, Handler, Known
from ledger.ids import property_stream, rates_stream


class DefineProperty(Command):
    """The whole definition and tariff, in the JSON form of their events."""

    definition: dict[str, Any]
    tariff: dict[str, Any]


def reads(envelope: Envelope, known: Known) -> Iterable[UUID]:  # noqa: ARG001 - the shape of all handlers
    """Name the definition and the tariff."""
    return property_stream(envelope.property_code), rates_stream(envelope.property_code)


def decide(envelope: Envelope, known: Known, now: datetime) -> Decision:  # noqa: ARG001 - the shape of all handlers
    """Define what is new. Raises Property.Fixed, Property.RoomGone."""
    command = envelope.asks(DefineProperty)
    definition = msgspec.convert(command.definition, Definition, strict=False)
    tariff = msgspec.convert(command.tariff, Tariff, strict=False)
    hotel = property_stream(envelope.property_code)
    rates = rates_stream(envelope.property_code)
    defined = [Change(hotel, event) for event in known.get(Property, hotel).define(definition)]
    published = [Change(rates, event) for event in known.get(Rates, rates).publish(tariff)]
    return Decision(changes=defined + published, answer={"changed": bool(defined or published)})


HANDLER = Handler(reads, decide)
