"""The main journey: a hold by the API, 3-D Secure at the bank, confirmed, mailed, counted; and the same request again."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, WITH_3DS, Guest, stay_of
from tests.installation import Running

JOURNEY_SECONDS, SYSTEM_SECONDS = 8.0, 3.0
BRIEFLY_SECONDS = 2.0
"""So long an answer waits for the position it shall show; on a busy machine it may then be a late one that says so."""


@pytest.mark.parametrize("rate_plan", ["flexible", "half-board", "advance-saver"])
def test_a_guest_books_with_authentication(guest: Guest, desk: Desk, rate_plan: str) -> None:
    stay = stay_of(rate_plan=rate_plan)
    free, (nights, revenue) = desk.free(stay), desk.revenue(stay)
    began = time.monotonic()
    guest.holds(stay)
    assert guest.held["state"] == "held"
    held = guest.looks(after=guest.held["position"])
    assert (held["state"], held["payments"], held["balance"]) == ("held", [], held["total"])
    guest.checks_out().pays(WITH_3DS)
    guest.authenticates()
    assert guest.page.status == 200
    assert "Your room is yours" in guest.page.text
    assert held["confirmation_code"] in guest.page.text
    shown = time.monotonic() - began
    paid = guest.waits_for_payment("captured")
    mail = guest.waits_for_mail("is booked")
    whole = time.monotonic() - began
    print(f"{rate_plan}: confirmation read after {shown:.2f} s, captured and mailed after {whole:.2f} s")
    assert shown < SYSTEM_SECONDS
    assert whole < JOURNEY_SECONDS

    assert paid["state"] == "confirmed"
    assert paid["paid"] == paid["payments"][0]["amount"] == held["pay_now"]
    assert paid["balance"]["amount_minor"] == held["total"]["amount_minor"] - held["pay_now"]["amount_minor"]
    assert desk.kept(guest.held["reservation_id"]) == held["pay_now"]["amount_minor"]
    assert desk.reserved(guest.held["reservation_id"]) == ["succeeded"]

    after = paid["position"]
    stayed = {stay.arrival + timedelta(days=night) for night in range(3)}
    assert desk.free(stay, after) == {night: left - (night in stayed) for night, left in free.items()}
    lines = [line for each in paid["stays"] for line in each["lines"]]
    room = sum(line["amount"]["amount_minor"] for line in lines if line["kind"] != "board")
    assert room > 0
    assert desk.revenue(stay, after) == (nights + 3, revenue + room)

    (calendar,) = [file for file in mail["attachments"] if file["filename"] == "stay.ics"]
    (event,) = Calendar.from_ical(base64.b64decode(calendar["content"])).walk("VEVENT")
    begins, ends = (event.decoded(name).astimezone(ZoneInfo("Asia/Colombo")) for name in ("dtstart", "dtend"))
    assert (begins.date(), f"{begins:%H:%M}", ends.date(), f"{ends:%H:%M}") == (stay.arrival, "14:00", stay.departure, "11:00")
    assert held["confirmation_code"] in mail["text"]
    assert "/manage/" in mail["text"]


def test_it_is_told_step_by_step(guest: Guest) -> None:
    guest.holds(stay_of())
    guest.checks_out()
    guest.waits_for_payment("open")
    guest.pays(WITH_3DS)
    assert guest.looks()["state"] == "held"
    guest.authenticates()
    told = [fact["what"] for fact in guest.waits_for_payment("captured")["timeline"]]
    order = [
        "reservation.held.v1", "reservation.payment-asked.v1", "payment.vehicle-made.v1", "payment.authorised.v1",
        "reservation.confirmed.v1", "payment.captured.v1",
    ]  # fmt: skip
    assert sorted(set(order) & set(told), key=told.index) == order


def test_the_same_request_again_gives_the_same_answer(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    first = guest.asks(stay, key="once")
    head = desk.waits_for_quiet()
    again = guest.asks(stay, key="once")
    other = guest.asks(stay, key="once", adults=1)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert again.headers["Ledger-Position"] == first.headers["Ledger-Position"]
    assert other.json()["code"] == "command.id_reused"
    assert desk.asked_since(head) == []
    guest.held = first.json()
    guest.checks_out().pays(PLAIN)
    guest.waits_for_payment("captured")
    assert guest.asks(stay, key="once").json() == first.json()


def test_a_key_is_each_callers_own(guest: Guest, invite: Callable[[Running], Guest]) -> None:
    """Two strangers who send the same key must not get each other's booking, nor its links."""
    stay = stay_of()
    first = guest.asks(stay, key="mine")
    other = invite(guest.running).asks(stay, key="mine")
    assert first.status_code == 201
    assert other.json().get("manage_url") != first.json()["manage_url"]


def test_positions_lead_readers(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    answer = guest.asks(stay)
    position = int(answer.headers["Ledger-Position"])
    assert position == answer.json()["position"]
    for path, query in (
        ("availability", {"arrival": stay.arrival, "departure": stay.departure}),
        ("calendar", {"room_type": stay.room_type}),
        ("revenue", {"from": stay.arrival, "to": stay.departure}),
        (f"reservations/{answer.json()['reservation_id']}", {}),
    ):
        began = time.monotonic()
        shown = desk.reads(path, **query, after=position)
        assert int(shown.headers["Ledger-Position"]) == shown.json()["position"], path
        waited = time.monotonic() - began
        assert shown.json()["position"] >= position or waited >= BRIEFLY_SECONDS, f"{path} gave up after {waited:.2f} s"


def test_a_position_that_is_not_there_yet_is_not_waited_for_long(desk: Desk) -> None:
    stay = stay_of()
    began = time.monotonic()
    shown = desk.reads("availability", arrival=stay.arrival, departure=stay.departure, after=10**9)
    assert time.monotonic() - began < 5
    assert int(shown.headers["Ledger-Position"]) < 10**9


def test_from_quote_to_hold(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    offers = desk.reads("availability", arrival=stay.arrival, departure=stay.departure).json()["offers"]
    offer = next(each for each in offers if (each["room_type"], each["rate_plan"]) == ("garden-room", "flexible"))
    body = {"quote_id": offer["quote_id"], "guest": guest.details}
    answer = guest.browser.post(f"{guest.running.api}/holds", json=body, headers={"Idempotency-Key": "quoted"})
    assert answer.status_code == 201
    assert answer.json()["total"] == offer["total"]
    assert answer.json()["pay_now"] == offer["pay_now"]
