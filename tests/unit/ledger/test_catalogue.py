"""Topics are explicit, versioned, and each belongs to one aggregate; an unknown one is a clear error."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import ClassVar

import msgspec
import pytest

import aggregates
from aggregates.payment import Payment
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from ledger.catalogue import Catalogue, events_of
from ledger.event import Event
from ledger.unreadable import CorruptEvent, UnknownTopic
from tests.examples import named
from tests.reception import CATALOGUE


class Door:
    class Opened(Event, frozen=True):
        topic: ClassVar[str] = "door.opened.v1"
        wide: bool = False

    def apply(self, event: Event) -> None:
        """Doors forget."""


class Gate(Door):
    class Opened(Event, frozen=True):
        topic: ClassVar[str] = "door.opened.v1"


def aggregates_of_the_product() -> list[type]:
    """Find every class of `aggregates/` that has events."""
    modules = [importlib.import_module(f"aggregates.{module.name}") for module in pkgutil.iter_modules(aggregates.__path__)]
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return [kind for kind in classes if kind.__module__.startswith("aggregates.") and events_of(kind)]


def test_the_tests_know_every_aggregate() -> None:
    assert sorted(event.topic for kind in aggregates_of_the_product() for event in events_of(kind)) == CATALOGUE.topics


@pytest.mark.parametrize("topic", CATALOGUE.topics)
def test_topics_are_named_aggregate_what_happened_version(topic: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9]", topic)


def test_an_event_is_stored_as_json_with_its_fields_in_the_order_of_the_class() -> None:
    """So the order of fields is part of the stored form: it must not change under a released topic."""
    stored = CATALOGUE.encode(Reservation.Abandoned(reason="other"))
    assert stored == b'{"reason":"other"}'
    failed = CATALOGUE.encode(Payment.StepFailed(reason="r", attempt=1, step="void", reservation_id=named("r")))
    assert list(msgspec.json.decode(failed)) == ["reservation_id", "step", "attempt", "reason"]


def test_an_unknown_topic_says_which_release_to_run() -> None:
    with pytest.raises(UnknownTopic, match=r"room-night\.renamed\.v1.*newer"):
        CATALOGUE.decode("room-night.renamed.v1", b"{}")


def test_an_unknown_field_is_not_dropped_silently() -> None:
    with pytest.raises(CorruptEvent, match="colour"):
        CATALOGUE.decode("reservation.abandoned.v1", b'{"reason": "other", "colour": "blue"}')


def test_a_missing_field_is_an_error_unless_it_has_a_default() -> None:
    catalogue = Catalogue([Door])
    assert catalogue.decode("door.opened.v1", b"{}") == Door.Opened(wide=False)
    with pytest.raises(CorruptEvent, match="reason"):
        CATALOGUE.decode("reservation.abandoned.v1", b"{}")


def test_two_classes_cannot_share_a_topic() -> None:
    with pytest.raises(ValueError, match=r"door\.opened\.v1 is used by two"):
        Catalogue([Door, Gate])


def test_a_topic_names_its_aggregate() -> None:
    assert CATALOGUE.aggregate_of("room-night.cancelled.v1") is RoomNight
    assert events_of(Door) == [Door.Opened]


def test_what_has_no_order_is_stored_in_one() -> None:
    class Shelf:
        class Filled(Event, frozen=True):
            topic: ClassVar[str] = "shelf.filled.v1"
            counts: dict[str, int]

        def apply(self, event: Event) -> None:
            """Shelves forget."""

    catalogue = Catalogue([Shelf])
    assert catalogue.encode(Shelf.Filled(counts={"b": 1, "a": 2})) == b'{"counts":{"a":2,"b":1}}'
    assert catalogue.aggregate_of("shelf.filled.v1") is Shelf
