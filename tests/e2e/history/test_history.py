"""The history of a paid journey, asked of the command line: one tree under the hold, and every event says who, when and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import WITH_3DS, Guest, stay_of
from tests.installation import Running

PHONE_COLUMNS = 56

Told = list[dict[str, Any]]


@pytest.fixture(scope="module")
def journey(running: Running, desk: Desk) -> dict[str, Any]:
    """Let somebody hold, pay with authentication, be told, cancel, get the money back and be told again."""
    with Guest(running, "Hilda History") as guest:
        guest.holds(stay_of())
        guest.checks_out().pays(WITH_3DS)
        guest.authenticates()
        guest.waits_for_payment("captured")
        guest.waits_for_mail("is booked")
        guest.cancels()
        guest.waits_for_payment("refunded")
        guest.waits_for_mail("cancelled")
        desk.waits_for_quiet()
        return guest.held


def asked(running: Running, *arguments: str) -> str:
    answer = running.run("history", *arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def told(running: Running, journey: dict[str, Any]) -> Told:
    found: Told = json.loads(asked(running, journey["reservation_id"], "--json"))
    return found


def test_it_is_one_tree_under_the_hold(told: Told) -> None:
    roots = [event["topic"] for event in told if event["parent"] is None]
    assert roots[0] == "reservation.held.v1"
    assert roots == ["reservation.held.v1"], "orphans"
    positions = {event["position"] for event in told}
    for event in told[1:]:
        assert event["parent"] in positions
        assert event["parent"] < event["position"]


def test_nothing_that_names_the_reservation_is_left_out(told: Told, desk: Desk, journey: dict[str, Any]) -> None:
    everything, position = [], 0
    while events := desk.reads("events", after=position, limit=1000).json()["events"]:
        everything += events
        position = events[-1]["position"]
    named = {event["position"] for event in everything if journey["reservation_id"] in json.dumps(event)}
    assert named - {event["position"] for event in told} == set()
    kinds = {event["topic"].split(".")[0] for event in told}
    assert kinds == {"reservation", "room-night", "payment", "notification", "holder"}


def test_every_event_says_who_when_and_why(told: Told) -> None:
    for event in told:
        place = f"{event['topic']} at {event['position']}"
        for name in ("command_id", "correlation_id", "business_date", "occurred_at", "recorded_at", "actor"):
            assert event[name], f"{place} has no {name}"
        assert event["actor"] != "system", place
        if event["actor"].startswith("saga:"):
            assert event["cause_position"], f"{place} does not say because of what"
            assert event["because_of"], place


def test_a_saga_goes_on_in_the_conversation_that_made_it_act(told: Told) -> None:
    by_position = {event["position"]: event for event in told}
    for event in told:
        if event["actor"].startswith("saga:"):
            assert event["correlation_id"] == by_position[event["cause_position"]]["correlation_id"]
    outside = {event["correlation_id"] for event in told if not event["actor"].startswith("saga:")}
    assert {event["correlation_id"] for event in told} == outside


def test_it_reads_on_a_telephone(running: Running, journey: dict[str, Any], told: Told) -> None:
    text = asked(running, journey["reservation_id"])
    print(text)
    assert max(map(len, text.splitlines())) <= PHONE_COLUMNS
    for event in told:
        assert f"#{event['position']} {event['topic']}" in text
    captured = next(event for event in told if event["topic"] == "payment.captured.v1")
    assert f"because of #{captured['cause_position']} payment." in text
    assert "Hilda" not in text


def test_the_tree_shows_each_event_below_its_cause(running: Running, journey: dict[str, Any], told: Told) -> None:
    text = asked(running, journey["reservation_id"], "--tree")
    print(text)
    depth = {}
    for line in text.splitlines():
        position = int(line.strip().split(" ")[0].removeprefix("#"))
        depth[position] = (len(line) - len(line.lstrip())) // 2
    assert len(depth) == len(told)
    for event in told[1:]:
        assert depth[event["position"]] == depth[event["parent"]] + 1


def test_a_room_night_and_a_payment_have_histories_of_their_own(running: Running, told: Told) -> None:
    night = next(event for event in told if event["topic"] == "room-night.hold-requested.v1")
    name = f"{night['event']['room']}/{night['event']['stay_date']}"
    of_night = json.loads(asked(running, name, "--json"))
    assert [event["topic"].split(".")[1] for event in of_night][-3:] == ["hold-requested", "booking-confirmed", "cancelled"]
    assert json.loads(asked(running, night["stream"], "--json")) == of_night
    payment = next(event["stream"] for event in told if event["topic"] == "payment.captured.v1")
    of_payment = json.loads(asked(running, payment, "--json"))
    assert of_payment[0]["topic"] == "payment.requested.v1"
    assert {event["stream"] for event in of_payment} == {payment}


def test_a_guest_has_the_history_of_the_booking(running: Running, told: Told) -> None:
    guest_id = told[0]["event"]["guest"]["key_id"]
    assert json.loads(asked(running, guest_id, "--json")) == told


@pytest.mark.parametrize(
    ("subject", "code", "said"),
    [
        ("5b0c4045-5318-4dee-be32-f5ddef30b8f2", 1, "nothing has happened to"),
        ("104/2026-13-01", 2, "is no ID"),
        ("Hilda", 2, "ROOM/YYYY-MM-DD"),
        ("no-such-room/2026-01-01", 1, "nothing has happened to"),
    ],
)
def test_what_is_no_id_or_nobodys_is_said_in_one_line(running: Running, subject: str, code: int, said: str) -> None:
    answer = running.run("history", subject)
    assert answer.returncode == code
    output = (answer.stdout + answer.stderr).strip()
    assert said in output
    assert len(output.splitlines()) == 1


def test_what_the_command_line_does_begins_a_conversation(running: Running, invite: Callable[[Running], Guest]) -> None:
    guest = invite(running)
    guest.holds(stay_of())
    command_id = str(uuid4())
    assert running.run("cancel", guest.held["reservation_id"], "--id", command_id).returncode == 0
    last = json.loads(asked(running, guest.held["reservation_id"], "--json"))[-1]
    assert (last["actor"], UUID(last["correlation_id"])) == ("cli", UUID(command_id))
