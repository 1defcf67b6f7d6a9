"""The event catalogue says what the code says, and leaves nothing unsaid."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import fields

from aggregates.payment import Payment
from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.expire_hold import ExpireHold
from commands.request_payment import RequestPayment
from ledger.catalogue import events_of
from ledger.command import Command
from ops.catalogue import AGGREGATES, CATALOGUE
from ops.event_catalogue import EVERYWHERE, catalogue, meaning, meanings, values_of_events, version
from ops.event_flow import Flow
from tests.examples import CODE, NOBODY, hold_stay, minutes
from tests.memory_log import MemoryLog
from tests.reception import OPEN, Reception

PAGE = Path(__file__).parents[3] / "docs" / "events.md"
FLOW = Flow(AGGREGATES)
READ_BY_NOBODY = {"holder.hold-counted.v1"}
"""Counted and decided on in the ledger alone."""

PLACES = {event.topic: event for aggregate in AGGREGATES for event in events_of(aggregate)} | {
    value.__name__: value for value in values_of_events()
}


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == "\n".join(catalogue()) + "\n", "run make docs"


def test_every_topic_and_every_value_is_on_the_page_once() -> None:
    headings = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("### ")]
    assert [topic for topic in CATALOGUE.topics if headings.count(f"### `{topic}`") != 1] == []
    assert [value.__name__ for value in values_of_events() if headings.count(f"### {value.__name__}") != 1] == []


def test_personal_fields_are_marked() -> None:
    assert "| `guest` | [Sealed](#sealed) | *personal*: " in PAGE.read_text("utf-8")


def test_no_field_is_without_a_meaning() -> None:
    nobody_said = []
    for place, kind in PLACES.items():
        for field in fields(kind):
            try:
                assert meaning(place, field.name)
            except KeyError:
                nobody_said.append(f"{place}: {field.name}")
    assert nobody_said == [], "say in ops/field_meanings.toml what these mean, with their unit"


def test_no_meaning_is_without_a_field() -> None:
    names = {place: {field.name for field in fields(kind)} for place, kind in PLACES.items()}
    said = meanings()
    assert [f"{place}: {name}" for place in said if place != EVERYWHERE for name in said[place].keys() - names[place]] == []
    elsewhere = {name for place, own in names.items() for name in own - said.get(place, {}).keys()}
    assert set(said[EVERYWHERE]) - elsewhere == set()


def test_amounts_and_instants_say_their_unit() -> None:
    for place, kind in PLACES.items():
        for field in fields(kind):
            if field.name.endswith("_minor"):
                assert "minor unit" in meaning(place, field.name)
            if "datetime.datetime" in str(field.type):
                assert "instant" in meaning(place, field.name)
            if field.name.endswith("percent"):
                assert "per cent" in meaning(place, field.name)


def test_every_topic_has_a_writer_and_nearly_every_one_a_reader() -> None:
    assert set(CATALOGUE.topics) <= set(FLOW.written_by)
    assert set(CATALOGUE.topics) - set(FLOW.read_by) == READ_BY_NOBODY


@pytest.mark.parametrize(
    ("topic", "commands"),
    [
        ("reservation.held.v1", ["HoldStay"]),
        ("reservation.confirmed.v1", ["ConfirmReservation", "RecordPaymentObservation"]),
        ("room-night.hold-released.v1", ["CancelReservation", "ExpireHold", "HoldStay", "RecordPaymentObservation"]),
        ("payment.captured.v1", ["RecordPaymentObservation"]),
        ("payment.void-asked.v1", ["CancelReservation", "ConfirmReservation", "ExpireHold", "RecordPaymentObservation"]),
    ],
)
def test_writers_are_found_also_behind_aggregates_and_neighbours(topic: str, commands: list[str]) -> None:
    assert set(commands) <= set(FLOW.written_by[topic])


def test_readers_are_found_where_they_match() -> None:
    assert {"projections/availability"} == set(FLOW.read_by["room-night.cancelled.v1"])
    assert "sagas/paying" in FLOW.read_by[Payment.CaptureAsked.topic]


def test_what_commands_really_write_is_what_the_page_says() -> None:
    """Told by a small hotel: whatever a command wrote there, the code was read to say so."""

    async def run() -> dict[str, set[str]]:
        log = MemoryLog(CODE)
        reception = Reception.in_memory(log)
        wrote: dict[str, set[str]] = defaultdict(set)

        async def ask(command: Command, after: float = 0) -> UUID:
            before = len(log.rows)
            outcome = await reception.ask(command, at=minutes(after))
            wrote[type(command).__name__] |= {row.topic for row in log.rows[before:]}
            return UUID(outcome.answer.get("reservation_id", str(NOBODY)))

        await ask(OPEN)
        for _ in range(2):
            held = await ask(hold_stay())
            await ask(RequestPayment(reservation_id=held, description="two nights", language="en"))
            await ask(ConfirmReservation(reservation_id=held))
            await ask(CancelReservation(reservation_id=held, reason="other"))
        await ask(CancelReservation(reservation_id=await ask(hold_stay()), reason="other"))
        await ask(ExpireHold(reservation_id=await ask(hold_stay())), after=60)
        return wrote

    wrote = asyncio.run(run())
    for command, topics in wrote.items():
        assert topics, command
        assert {topic for topic in topics if command not in FLOW.written_by[topic]} == set()


def test_a_version_is_read_off_its_topic() -> None:
    assert [version("a.b.v1"), version("a.b.v12")] == [1, 12]
