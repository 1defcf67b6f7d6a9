"""Whoever listens hears what changes, with positions, and goes on where they stopped; nobody hears who books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ledger.stay_dates import StayDates
from tests.e2e.guest import Guest, stay_of
from tests.installation import Running

Message = dict[str, Any]


@contextmanager
def listening(running: Running, *, key: bool = False, **headers: str) -> Iterator[Iterator[Message]]:
    """Listen, and give the messages one by one."""
    sent = {**(running.staff if key else {}), **headers}
    timeout = httpx.Timeout(20)
    with httpx.stream("GET", f"{running.api}/stream", headers=sent, timeout=timeout) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer)


def messages(answer: httpx.Response) -> Iterator[Message]:
    message: Message = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            message[name] = json.loads(value) if name == "data" else value
        elif message:
            yield message
            message = {}


def until(heard: Iterator[Message], kind: str, **body: Any) -> list[Message]:
    """Give what is heard up to a message of a kind whose body has these values."""
    found: list[Message] = []
    for message in heard:
        found.append(message)
        if message.get("event") == kind and body.items() <= message["data"].items():
            return found
    raise AssertionError(found)


def test_everybody_hears_which_nights_change(running: Running, guest: Guest) -> None:
    stay = stay_of(2, room_type="gap-suite")
    with listening(running) as heard:
        first = next(heard)
        assert first["event"] == "position"
        assert int(first["id"]) == first["data"]["position"] > 0
        guest.holds(stay)
        told = until(heard, "availability")
        while "gap-suite" not in (each["room_type"] for each in told[-1]["data"]["changes"]):  # of a guest before this one
            told += until(heard, "availability")
    change = told[-1]["data"]["changes"]
    assert [each["room_type"] for each in change] == ["gap-suite"]
    assert change[0]["dates"] == [night.isoformat() for night in StayDates(stay.arrival, stay.departure)]
    assert int(told[-1]["id"]) == told[-1]["data"]["position"] > int(first["id"])
    assert all(message["event"] != "reservation" for message in told)


def test_a_key_hears_of_reservations_but_not_of_persons(running: Running, guest: Guest) -> None:
    with listening(running, key=True) as heard:
        begin = next(heard)["id"]
        guest.holds(stay_of())
        told = until(heard, "reservation", reservation_id=guest.held["reservation_id"])
    assert told[-1]["data"]["topics"] == ["reservation.held.v1"]
    text = json.dumps(told)
    assert guest.details["email"] not in text
    assert guest.details["name"] not in text
    guest.cancels()
    with listening(running, key=True, **{"Last-Event-ID": begin}) as heard:
        again = until(heard, "reservation", reservation_id=guest.held["reservation_id"])
        assert again[0]["data"]["position"] == int(begin)
        assert again[-1]["data"]["topics"] == ["reservation.held.v1"]
        left = until(heard, "reservation", reservation_id=guest.held["reservation_id"])
        assert left[-1]["data"]["topics"] != ["reservation.held.v1"]


def test_a_place_that_is_no_position_is_refused(running: Running) -> None:
    answer = httpx.get(f"{running.api}/stream", headers={"Last-Event-ID": "yesterday"})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_one_address_cannot_listen_without_end(running: Running) -> None:
    """Told by its own address, so that others may listen meanwhile."""
    headers = {"X-Forwarded-For": "10.251.7.7"}
    with httpx.Client(headers=headers, timeout=20, limits=httpx.Limits(max_connections=100)) as client:
        open_ones: list[httpx.Response] = []
        lines: list[Iterator[str]] = []  # a reader that is thrown away would close its stream
        try:
            for _ in range(100):
                answer = client.send(client.build_request("GET", f"{running.api}/stream"), stream=True)
                open_ones.append(answer)
                if answer.status_code != 200:
                    break
                lines.append(answer.iter_lines())
                next(lines[-1])
            assert open_ones[-1].status_code == 429
            assert json.loads(open_ones[-1].read())["code"] == "stream.too_many"
            assert "Retry-After" in open_ones[-1].headers
        finally:
            for each in open_ones:
                each.close()
