"""Webhooks come ten times and in any order: over HTTP for a whole journey, and on commands for many orders quickly."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Literal
from uuid import UUID

import httpx
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates.notification import Notification
from aggregates.payment import Payment
from commands.ask_notification import AskNotification
from commands.poke_payment import PokePayment
from commands.record_notification import RecordNotification
from commands.record_payment_observation import RecordPaymentObservation, Seen
from commands.record_vehicle import RecordVehicle
from commands.request_payment import RequestPayment
from ledger.ids import made_by, notification_id, payment_id
from tests.examples import hold_stay, named, price
from tests.fault.desk import Stay
from tests.fault.evidence import check_log, check_mails, check_money, log_of, vendor_list
from tests.installation import Running, wait_until
from tests.memory_log import MemoryLog
from tests.reception import OPEN, Reception

TIMES = 10
JOURNEY = [
    "reservation.held.v1",
    "reservation.payment-asked.v1",
    "payment.requested.v1",
    "payment.vehicle-made.v1",
    "payment.authorised.v1",
    "payment.capture-asked.v1",
    "reservation.confirmed.v1",
    "payment.captured.v1",
]


def events_about(running: Running, stay: Stay, since: int) -> list[dict[str, Any]]:
    """List what the vendor would send about a booking, oldest first; `since` in the vendor's Unix seconds."""
    wanted = str(stay.reservation_id)
    found = [each for each in vendor_list(running, "events", **{"created[gte]": str(since)}) if wanted in json.dumps(each)]
    return found[::-1]


def deliver(running: Running, event: dict[str, Any]) -> None:
    """Send one event to the real endpoint, signed."""
    body = json.dumps(event, separators=(",", ":"))
    secret = (running.data_dir / "webhook.secret").read_text().strip()
    signature = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()))
    answer = httpx.post(
        f"{running.url}/webhooks/ella/stripe", content=body, headers={"Stripe-Signature": signature}, timeout=20
    )
    assert answer.status_code == 200, answer.text


@settings(max_examples=settings().max_examples // 25, suppress_health_check=list(HealthCheck))
@given(chance=st.data())
def test_a_journey_ends_the_same_in_every_order(running: Running, chance: st.DataObject) -> None:
    running.control("POST", "/webhooks", {"delay_seconds": [3600, 3600]})
    running.control("DELETE", "/faults")
    since = running.control("GET", "/clock")["now"]
    stay = Stay(running).held().opened().paid()
    before = events_about(running, stay, since)
    for event in chance.draw(st.permutations(before * 2), label="while the money is only reserved"):
        deliver(running, event)
    stay.waits_for("confirmed", "captured")
    every = events_about(running, stay, since)
    assert len(every) > len(before)
    for event in chance.draw(st.permutations(every * TIMES), label="again, when all is done"):
        deliver(running, event)
    assert stay.story() == JOURNEY
    wait_until(lambda: _has_mail(running, stay), 20, running.said)
    log = log_of(running)
    check_log(log)
    check_money(running, log)
    check_mails(running, log)


def _has_mail(running: Running, stay: Stay) -> bool:
    email = stay.content["guest"]["email"]
    return any(mail["to"] == [email] for mail in running.control("GET", "/mail.json"))


def was_heard(running: Running, event_id: str) -> bool:
    """Tell whether the endpoint has taken an event in; what else is written meanwhile is not its doing."""
    return any(told.topic == "payment.poked.v1" and told.event["vendor_event_id"] == event_id for told in log_of(running))


def test_a_forged_one_changes_nothing(running: Running) -> None:
    stay = Stay(running).held().opened()
    event = {"id": "evt_forged", "type": "x", "data": {"object": {"metadata": {"payment_id": str(stay.payment_id)}}}}
    for signature in ("", "t=1,v1=00", f"t={int(time.time())},v1={'0' * 64}"):
        body = json.dumps(event)
        answer = httpx.post(f"{running.url}/webhooks/ella/stripe", content=body, headers={"Stripe-Signature": signature})
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook.forged")
    assert not was_heard(running, "evt_forged")
    deliver(running, event)
    assert was_heard(running, "evt_forged"), "the same with a good signature must be heard, or this test shows nothing"


# —— On commands: many orders, quickly ————————————————————————————————————————————————————————————————————————————————

EVENTS = ("evt_created", "evt_action", "evt_capturable", "evt_completed", "evt_captured", "evt_succeeded")
MOVES = ("look", "look", "capture", "look")
DUE = price().pay_now


class Front:
    """A hold whose payment page is open; the vendor has reserved the money and captures when it was asked to."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._reception = Reception.in_memory(log)
        self._taken = False
        self._stale: list[RecordPaymentObservation] = []

    async def opens(self) -> None:
        """Walk to the open payment page."""
        await self._reception.ask(OPEN)
        held = (await self._reception.ask(hold_stay(), command_id=named("a hold"))).or_raise()
        self.reservation = UUID(held.answer["reservation_id"])
        self.payment = payment_id(self.reservation, "deposit", 1)
        asked = RequestPayment(reservation_id=self.reservation, description="two nights", language="en")
        (await self._reception.ask(asked)).or_raise()
        (await self._reception.ask(RecordVehicle(payment_id=self.payment, session_id="cs", url="https://p.example"))).or_raise()

    async def hears(self, event: str) -> None:
        """Take a webhook, under the id that the endpoint gives it."""
        poke = PokePayment(payment_id=self.payment, source="stripe", vendor_event_id=event, kind="payment_intent.x")
        (await self._reception.ask(poke, command_id=made_by(self.payment, f"stripe/{event}"))).or_raise()

    async def looks(self) -> None:
        """Look at the vendor, report it, and report everything seen earlier once more."""
        status: Literal["succeeded", "requires_capture"] = "succeeded" if self._taken else "requires_capture"
        seen = Seen(status=status, amount_minor=DUE.amount_minor, currency=DUE.currency, intent_id="pi", charge_id="ch")
        version = sum(row.stream == self.payment for row in self._log.rows)
        self._stale.append(RecordPaymentObservation(payment_id=self.payment, version=version, seen=seen))
        for observation in reversed(self._stale):
            await self._reception.ask(observation)

    def captures(self) -> None:
        """Let the vendor capture, if the ledger has asked for it."""
        self._taken |= Payment.CaptureAsked.topic in self.topics()

    def topics(self) -> list[str]:
        """List what happened to reservation and payment, without the mere reasons to look."""
        mine = {self.reservation, self.payment}
        return [row.topic for row in self._log.rows if row.stream in mine and row.topic != Payment.Poked.topic]


@given(st.permutations([*(EVENTS * TIMES), *MOVES]))
def test_pokes_in_any_order_confirm_and_capture_once(moves: list[str]) -> None:
    asyncio.run(_pokes(moves))


async def _pokes(moves: list[str]) -> None:
    log = MemoryLog("kandy")
    front = Front(log)
    await front.opens()
    for move in [*moves, "look", "capture", "look"]:
        if move == "look":
            await front.looks()
        elif move == "capture":
            front.captures()
        else:
            await front.hears(move)
    assert sorted(front.topics()) == sorted(JOURNEY)
    pokes = [row for row in log.rows if row.topic == Payment.Poked.topic]
    assert len(pokes) <= len(EVENTS)


@given(st.permutations(["sent", "delivered"] * TIMES))
def test_mail_reports_in_any_order_end_delivered(steps: list[Literal["sent", "delivered"]]) -> None:
    asyncio.run(_reports(steps))


async def _reports(steps: list[Literal["sent", "delivered"]]) -> None:
    log = MemoryLog("kandy")
    reception = Reception.in_memory(log)
    about = named("a reservation")
    mail = notification_id(about, "confirmed", 7)
    await reception.ask(AskNotification(reservation_id=about, kind="confirmed", cause=7, language="en"))
    await reception.ask(RecordNotification(notification_id=mail, step="sending", attempt=1))
    for number, step in enumerate(steps):
        command_id = made_by(mail, f"{step}/{number % 3}")
        await reception.ask(RecordNotification(notification_id=mail, step=step, detail="sg"), command_id=command_id)
    topics = [row.topic for row in log.rows if row.stream == mail]
    assert topics[:2] == [Notification.Asked.topic, Notification.SendingStarted.topic]
    assert topics[-1] == Notification.Delivered.topic
    assert len(topics) == len(set(topics))
