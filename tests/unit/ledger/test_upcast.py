"""Upcasts, proved on an invented pair of events: what is stored never changes, what is read is always the newest form."""

from __future__ import annotations

from typing import ClassVar

import pytest
from msgspec import Struct

from ledger.catalogue import Aggregate, Catalogue
from ledger.event import Event
from ledger.unreadable import CorruptEvent, UnknownTopic
from ledger.upcast import Upcast


class OpenedAtFirst(Event, frozen=True):
    """As the first release wrote it: the width as a word."""

    topic: ClassVar[str] = "door.opened.v1"
    width: str


class OpenedInBetween(Event, frozen=True):
    """As the second release wrote it: in centimetres."""

    topic: ClassVar[str] = "door.opened.v2"
    width_cm: int


class Door:
    class Opened(Event, frozen=True):
        topic: ClassVar[str] = "door.opened.v3"
        width_mm: int
        by: str

    class Shut(Event, frozen=True):
        topic: ClassVar[str] = "door.shut.v1"

    def __init__(self) -> None:
        self.width_mm = 0

    def apply(self, event: Event) -> None:
        """Take over what the event says; only assigns."""
        match event:
            case Door.Opened():
                self.width_mm = event.width_mm
            case Door.Shut():
                self.width_mm = 0


WIDTHS_CM = {"narrow": 20, "wide": 90}
FIRST = Upcast(OpenedAtFirst, OpenedInBetween, lambda old: OpenedInBetween(width_cm=WIDTHS_CM[old.width]))
SECOND = Upcast(OpenedInBetween, Door.Opened, lambda old: Door.Opened(width_mm=10 * old.width_cm, by="nobody knows"))
CATALOGUE = Catalogue([Door], [SECOND, FIRST])

KEPT = [
    ("door.opened.v1", b'{"width":"wide"}'),
    ("door.opened.v2", b'{"width_cm":90}'),
    ("door.opened.v3", b'{"width_mm":900,"by":"nobody knows"}'),
]


class StoredRow(Struct):
    position: int
    topic: str
    payload: bytes


@pytest.mark.parametrize(("topic", "payload"), KEPT)
def test_every_form_ever_stored_reads_as_the_newest(topic: str, payload: bytes) -> None:
    event = CATALOGUE.decode(topic, payload)
    assert event == Door.Opened(width_mm=900, by="nobody knows")
    assert CATALOGUE.aggregate_of(topic) is Door
    door = Door()
    door.apply(event)
    assert door.width_mm == 900


@pytest.mark.parametrize(("topic", "payload"), KEPT[:2])
def test_control_without_its_upcast_an_older_form_is_unknown(topic: str, payload: bytes) -> None:
    with pytest.raises(UnknownTopic, match=rf"{topic}.*newest that it knows is door\.opened\.v3"):
        Catalogue([Door]).decode(topic, payload)


def test_only_the_newest_form_is_written() -> None:
    assert CATALOGUE.topics == ["door.opened.v3", "door.shut.v1"]
    assert CATALOGUE.stored_topics == ["door.opened.v1", "door.opened.v2", "door.opened.v3", "door.shut.v1"]
    assert CATALOGUE.encode(Door.Opened(width_mm=900, by="nobody knows")) == KEPT[2][1]
    for older in (OpenedAtFirst(width="wide"), OpenedInBetween(width_cm=90)):
        with pytest.raises(UnknownTopic, match=rf"{older.topic}.*newest that it knows is door\.opened\.v3"):
            CATALOGUE.encode(older)
        with pytest.raises(UnknownTopic, match=rf"{older.topic}.*newest that it knows is door\.opened\.v3"):
            Catalogue([Door]).aggregate_of(older.topic)


@pytest.mark.parametrize(
    ("topic", "payload", "field", "said"),
    [
        ("door.opened.v2", b'{"width_cm":"90"}', "width_cm", "Expected `int`, got `str`"),
        ("door.opened.v2", b'{"width_cm":90,"colour":1}', "", "colour"),
        ("door.opened.v1", b'{"width":"huge"}', "", "upcast failed with KeyError"),
        ("door.opened.v3", b'{"by":"\xff","width_mm":900}', "", "can't decode byte"),
        ("door.opened.v3", b'{"by":"x","width_mm', "", "truncated"),
        ("door.opened.v3", b"\0", "", "malformed"),
        ("door.opened.v3", b"", "", "truncated"),
    ],
)
def test_a_damaged_event_is_told_with_its_place_topic_and_field(topic: str, payload: bytes, field: str, said: str) -> None:
    with pytest.raises(CorruptEvent) as raised:
        CATALOGUE.read(StoredRow(17, topic, payload))
    wrong = raised.value
    assert (wrong.position, wrong.topic, wrong.field) == (17, topic, field)
    for part in ("position 17", topic, said, f"field {field}" if field else "its content", "verify"):
        assert part in str(wrong)


def test_an_event_of_a_newer_release_is_told_with_its_place_topic_and_our_release() -> None:
    with pytest.raises(UnknownTopic) as raised:
        CATALOGUE.read(StoredRow(17, "door.opened.v4", b"{}"))
    assert raised.value.position == 17
    for part in ("position 17", "'door.opened.v4'", "this release, 0.", "newest that it knows is door.opened.v3", "newer one"):
        assert part in str(raised.value)


def test_a_name_never_heard_of_has_no_nearest() -> None:
    with pytest.raises(UnknownTopic, match=r"this release, [^ ]+: run"):
        CATALOGUE.aggregate_of("window.opened.v1")


@pytest.mark.parametrize(
    ("upcasts", "said"),
    [
        ([SECOND, SECOND], "read in two ways"),
        ([Upcast(Door.Shut, Door.Opened, lambda old: old)], "read in two ways"),
        ([FIRST], r"door\.opened\.v1 end at door\.opened\.v2"),
        ([FIRST, Upcast(OpenedInBetween, OpenedAtFirst, lambda old: old)], "end at"),
    ],
)
def test_steps_that_fork_or_lead_nowhere_are_refused_at_once(upcasts: list[Upcast], said: str) -> None:
    kinds: list[type[Aggregate]] = [Door]
    with pytest.raises(ValueError, match=said):
        Catalogue(kinds, upcasts)


@pytest.mark.parametrize(("topic", "payload"), KEPT)
def test_the_order_in_which_upcasts_are_given_does_not_matter(topic: str, payload: bytes) -> None:
    for upcasts in ([FIRST, SECOND], [SECOND, FIRST]):
        made = Catalogue([Door], upcasts)
        assert made.decode(topic, payload) == Door.Opened(width_mm=900, by="nobody knows")
        assert made.aggregate_of(topic) is Door
        with pytest.raises(CorruptEvent, match="upcast failed with KeyError"):
            made.decode("door.opened.v1", b'{"width":"huge"}')
