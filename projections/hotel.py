"""The property's definition and tariff in force, folded straight from their two short streams."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from aggregates.property import Definition, Property
from aggregates.rates import Rates, Tariff
from ledger.event import Event


class Hotel(Struct, frozen=True):
    """What is sold and for how much. `version` counts the events that made it."""

    definition: Definition
    tariff: Tariff
    version: int


def hotel_of(events: Iterable[Event]) -> Hotel | None:
    """Fold definition and tariff; nothing when the property is not open or has no prices."""
    definition: Definition | None = None
    tariff: Tariff | None = None
    version = 0
    for event in events:
        version += 1
        match event:
            case Property.Opened() | Property.Redefined():
                definition = event.definition
            case Rates.Published():
                tariff = event.tariff
    if definition is None or tariff is None:
        return None
    return Hotel(definition, tariff, version)
