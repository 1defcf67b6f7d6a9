"""The property's definition and tariff in force, folded straight from their two short streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from aggregates.property import Definition, Property
from aggregates.rates import Rates, Tariff
from ledger.event import Event
from ledger.restrictions import Restrictions
from ledger.season_sums import SeasonSums


class Hotel(Struct, frozen=True, eq=False):
    """What is sold and for how much. `version` counts the events that made it; another version is another object.

    `rooms` are the codes of each type's rooms, in order; `restrictions` and `seasons` are those of the tariff, compiled.
    """

    definition: Definition
    tariff: Tariff
    version: int
    rooms: Mapping[str, tuple[str, ...]]
    restrictions: Restrictions
    seasons: SeasonSums


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
    rooms = {kind.code: definition.rooms_of(kind.code) for kind in definition.room_types}
    seasons = SeasonSums([(season.first_night, season.last_night, season.percent) for season in tariff.seasons])
    return Hotel(definition, tariff, version, rooms, Restrictions(tariff.restrictions), seasons)
