"""Every topic ever released is listed, kept as it was stored, and still readable: what was written once can be read for ever.

`tests/fixtures/events/<topic>.jsonl` holds stored payloads, one a line. There and in `aggregates/topics.txt`
lines may be added, never changed: a new field with a default is a new kept line, another meaning is a new topic with an upcast.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ops.catalogue import CATALOGUE

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "fixtures" / "events"
LISTED = [
    line.split() for line in (ROOT / "aggregates" / "topics.txt").read_text("utf-8").splitlines() if not line.startswith("#")
]
RELEASED = {34: "72187342116c585c99306579f9bd89aebab1bab89c53e7754a0eb98c73cdc849"}
"""Lines of the list → the SHA-256 of that many. A release adds an entry; one that fails tells that a line was changed."""

TOPICS = [topic for _, topic, _ in LISTED]
KEPT = [
    (path.name.removesuffix(".jsonl"), line)
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_bytes().splitlines()
]


def test_every_topic_that_is_written_is_listed() -> None:
    missing = sorted(set(CATALOGUE.topics) - set(TOPICS))
    assert missing == [], f"add to aggregates/topics.txt, at its end, release, topic and the hash of a kept line: {missing}"


def test_every_listed_topic_can_still_be_read() -> None:
    lost = [topic for topic in TOPICS if topic not in CATALOGUE.stored_topics]
    assert lost == [], f"events of these may stand in somebody's ledger: give each an upcast in ops/catalogue.py: {lost}"


def test_no_topic_is_listed_twice_and_releases_follow_one_another() -> None:
    assert len(set(TOPICS)) == len(TOPICS)
    releases = [[int(part) for part in release.split(".")] for release, _, _ in LISTED]
    assert releases == sorted(releases)


@pytest.mark.parametrize(("lines", "digest"), RELEASED.items())
def test_the_list_has_only_grown(lines: int, digest: str) -> None:
    text = "\n".join(" ".join(line) for line in LISTED[:lines])
    assert hashlib.sha256(text.encode()).hexdigest() == digest, f"one of the first {lines} lines of topics.txt was changed"


@pytest.mark.parametrize(("topic", "digest"), [(topic, digest) for _, topic, digest in LISTED])
def test_what_was_kept_first_is_what_was_stored_then(topic: str, digest: str) -> None:
    first = next((line for kept, line in KEPT if kept == topic), None)
    assert first is not None, f"keep the stored form of an example in {FOLDER.name}/{topic}.jsonl"
    assert hashlib.sha256(first).hexdigest().startswith(digest), f"the first line of {topic}.jsonl is not what was released"


def test_nothing_is_kept_of_a_topic_that_nobody_listed() -> None:
    assert sorted({topic for topic, _ in KEPT} - set(TOPICS)) == []


@pytest.mark.parametrize(("topic", "stored"), KEPT)
def test_a_kept_event_is_read_and_folded(topic: str, stored: bytes) -> None:
    event = CATALOGUE.decode(topic, stored)
    aggregate = CATALOGUE.aggregate_of(topic)()
    aggregate.apply(event)
    assert event.topic in CATALOGUE.topics, "it reads in its newest form"


@pytest.mark.parametrize(("topic", "stored"), [(topic, stored) for topic, stored in KEPT if topic in CATALOGUE.topics])
def test_a_kept_event_of_a_topic_in_use_is_written_as_it_was(topic: str, stored: bytes) -> None:
    """All of it comes back as it was, in the same order; fields that came later are added with their defaults."""
    again = CATALOGUE.encode(CATALOGUE.decode(topic, stored))
    assert carried(msgspec.json.decode(stored), msgspec.json.decode(again)), f"{stored!r} would now be stored as {again!r}"


def carried(then: Any, now: Any) -> bool:
    """Tell whether everything that was stored then is stored now, in the same order; objects may have grown."""
    match then, now:
        case dict(), dict():
            kept = [name for name in now if name in then]
            return kept == list(then) and all(carried(then[name], now[name]) for name in then)
        case list(), list():
            return len(then) == len(now) and all(carried(*pair) for pair in zip(then, now, strict=True))
        case _:
            return bool(then == now)


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": [{"b": 1}]}, {"a": [{"c": 0, "b": 1}]}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": [1]}, {"a": [1, 2]}, False),
    ],
)
def test_control_what_counts_as_carried(then: Any, now: Any, same: bool) -> None:
    assert carried(then, now) is same


@pytest.mark.parametrize("topic", CATALOGUE.topics)
def test_a_topic_in_use_has_a_kept_line_with_all_its_fields(topic: str) -> None:
    whole = [stored for kept, stored in KEPT if kept == topic and CATALOGUE.encode(CATALOGUE.decode(topic, stored)) == stored]
    assert whole, f"{topic} has a new field: add a line to {topic}.jsonl with what is stored now, and leave the others"


def test_control_a_field_that_lost_its_default_or_changed_its_type_would_be_seen() -> None:
    topic, stored = next((topic, stored) for topic, stored in KEPT if topic == "reservation.confirmed.v1")
    for damaged in (stored.replace(b'"guarantee"', b'"ground"'), stored.replace(b'"card"', b"1")):
        with pytest.raises(ValueError, match=topic):
            CATALOGUE.decode(topic, damaged)
