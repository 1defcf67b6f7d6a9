"""The auditor against a log that somebody with all rights has damaged: each damage is named, at its position."""

from __future__ import annotations

import json

import pytest

from tests.integration.ledger.audits import HEAD, KEY, SEALED, Damage, first, harm, verified
from tests.integration.ledger.histories import BOOKING_EVENTS, History
from tests.integration.ledger.ledgers import Ledger


def test_an_honest_log_holds_and_its_tail_is_stated(ledger: Ledger, history: History) -> None:
    verdict = verified(ledger)
    assert verdict.holds, verdict.findings
    assert (verdict.head, verdict.sealed, verdict.blocks, verdict.epoch) == (HEAD, SEALED, 4, 1)
    assert verdict.unsealed_events == BOOKING_EVENTS
    assert verdict.unsealed_seconds > 0
    assert verdict.signed_by == [KEY.public.key_id]
    assert history.bookings == 5


def test_a_log_without_a_seal_and_one_without_events_hold(ledger: Ledger) -> None:
    assert verified(ledger).holds
    History(ledger).happens()
    verdict = verified(ledger)
    assert verdict.holds
    assert (verdict.sealed, verdict.unsealed_events) == (0, BOOKING_EVENTS)


AWAY = "UPDATE {schema}.events SET position = position - 1000 WHERE position > 1000"
SEALED_DAMAGE: list[tuple[Damage, int, str]] = [
    ("UPDATE {schema}.events SET payload = set_byte(payload, 30, 1 # get_byte(payload, 30)) WHERE position = 10", 10,
     "the event is not the one that was sealed"),
    ("DELETE FROM {schema}.events WHERE position = 8", 8, "the event is missing"),
    ("DELETE FROM {schema}.events WHERE position BETWEEN 8 AND 11", 8, "the events from here to 11 are missing"),
    ("DELETE FROM {schema}.events WHERE position = 1", 1, "the event is missing"),
    (["UPDATE {schema}.events SET position = 1035 - position WHERE position IN (15, 20)", AWAY], 15,
     "the events at 15 and 20 have changed places"),
    (["UPDATE {schema}.events SET position = 1009 - position WHERE position IN (4, 5)", AWAY], 4,
     "the events at 4 and 5 have changed places"),
    ("UPDATE {schema}.events SET actor = 'staff' WHERE position = 9", 9, "the event is not the one that was sealed"),
    ("UPDATE {schema}.events SET occurred_at = occurred_at + interval '1 microsecond' WHERE position = 24", 24,
     "the event is not the one that was sealed"),
    ("UPDATE {schema}.events SET business_date = NULL WHERE position = 3", 3, "the event is not the one that was sealed"),
    ("UPDATE {schema}.events SET correlation_id = NULL WHERE position = 12", 12, "the event is not the one that was sealed"),
    ("UPDATE {schema}.events SET occurred_at = 'infinity' WHERE position = 7", 7, "the row cannot be read from the table"),
    ("DELETE FROM {schema}.events WHERE position > 20", 21, "but 24 events are sealed: its tail is cut"),
    ("DELETE FROM {schema}.events", 1, "but 24 events are sealed: its tail is cut"),
    (["DELETE FROM {schema}.events WHERE position = 8",
      "UPDATE {schema}.events SET position = position + 999 WHERE position > 8", AWAY], 8, "the event is not the one that was"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "position", "what"), SEALED_DAMAGE, ids=lambda each: str(each)[-50:])
def test_damage_in_the_sealed_part_is_named(ledger: Ledger, history: History, damage: Damage, position: int, what: str) -> None:
    harm(ledger, damage)
    found, said = first(ledger)
    assert found == position
    assert what in said
    assert history.bookings


def test_a_single_flipped_byte_is_the_only_finding(ledger: Ledger, history: History) -> None:
    ledger.damage("UPDATE {schema}.events SET actor = 'guesT' WHERE position = 10")
    assert [finding.position for finding in verified(ledger).findings] == [10]
    assert history.bookings


UNSEALED_DAMAGE: list[tuple[Damage, int, str]] = [
    ("DELETE FROM {schema}.events WHERE position = 26", 26, "the event is missing"),
    ("UPDATE {schema}.events SET payload = set_byte(payload, 0, 0) WHERE position = 27", 27, "its content is damaged"),
    ("UPDATE {schema}.events SET topic = 'room-night.sold.v9' WHERE position = 27", 27, "topic 'room-night.sold.v9' is"),
    (["UPDATE {schema}.events SET position = 1053 - position WHERE position IN (26, 27)", AWAY], 26, "event 3 of 3 of command"),
    ("UPDATE {schema}.events SET recorded_at = recorded_at - interval '1 hour' WHERE position = 28", 28, "it was recorded"),
    ("UPDATE {schema}.events SET version = 5 WHERE position = 30", 30, "version 5 of stream"),
    ("UPDATE {schema}.events SET cause_position = 29 WHERE position = 29", 29, "its cause at position 29 does not"),
    ("UPDATE {schema}.events SET command_count = 4 WHERE position = 30", 30, "event 3 of 4 of command"),
    ("UPDATE {schema}.events SET command_index = 7 WHERE position = 28", 28, "event 8 of 3 of command"),
    ("DELETE FROM {schema}.events WHERE position = 30", 30, "the log ends inside a command, after event 2 of 3"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "position", "what"), UNSEALED_DAMAGE, ids=lambda each: str(each)[-50:])
def test_damage_in_the_unsealed_tail_that_breaks_the_log_is_named(
    ledger: Ledger, history: History, damage: Damage, position: int, what: str
) -> None:
    harm(ledger, damage)
    found, said = first(ledger)
    assert found == position
    assert what in said
    assert history.bookings


LAWS: list[tuple[str, int, str]] = [
    ("room-night.hold-released.v1", 28, "releases what is"),
    ("room-night.hold-requested.v1", 28, "holds what is held by stay"),
    ("room-night.cancelled.v1", 28, "cancels what is held by stay"),
]


@pytest.mark.parametrize(("topic", "position", "what"), LAWS, ids=[law[0] for law in LAWS])
def test_a_night_with_two_holders_is_named(ledger: Ledger, topic: str, position: int, what: str) -> None:
    """The payload is another, readable one, in the unsealed tail: nothing but the law can tell."""
    history = History(ledger)
    history.happens(5)
    stay, other = "00000000-0000-0000-0000-000000000005", "00000000-0000-0000-0000-000000000099"
    content = {"room": "g1", "stay_date": "2026-05-13", "stay_id": other}
    if "requested" in topic:
        content |= {"reservation_id": other, "held_until": "2026-05-01T00:00:00Z"}
    if "released" in topic:
        content |= {"reason": "expired"}
    payload = json.dumps(content).replace("{", "{{").replace("}", "}}")
    change = f"topic = '{topic}', payload = '{payload}' WHERE position = {position}"
    ledger.damage(f"UPDATE {{schema}}.events SET {change}")  # noqa: S608 - made of the table above
    found, said = first(ledger)
    assert found == position
    assert what in said
    assert stay in said


def test_a_night_in_the_stream_of_another_is_named(ledger: Ledger) -> None:
    """Unique versions guard each stream; a second stream for the same night would go round them."""
    History(ledger).happens(2)
    ledger.damage(
        "UPDATE {schema}.events SET stream = '00000000-0000-0000-0000-00000000000f'"
        " WHERE stream = (SELECT stream FROM {schema}.events WHERE position = 8)"
    )
    assert first(ledger) == (8, "room g1 on 2026-05-05 is told in the stream of another night")
