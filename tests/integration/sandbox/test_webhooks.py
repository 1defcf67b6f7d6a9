"""Webhooks: signed, retried, duplicated, late, out of order, by property, and kept through a restart and a kill."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import stripe

from tests.integration.sandbox.actors import SECRET, Guest, Receiver, RunningSandbox, StripeDesk, checked, wait_until


def test_failed_deliveries_are_tried_again_and_found_by_listing(desk: StripeDesk, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    desk.client.v1.customers.create(params={"email": "a@example.com"})
    receiver.wait_for("customer.created")
    assert len(receiver.got) == 1
    events = desk.client.v1.events
    wait_until(lambda: not events.list(params={"delivery_success": False}).data)
    event = checked(events.list(params={"type": "customer.created"}).data[0])
    assert (event.pending_webhooks, checked(events.retrieve(event.id)).type) == (0, "customer.created")


def test_given_up_deliveries_are_listed(desk: StripeDesk, receiver: Receiver) -> None:
    receiver.answers = [500] * 6
    desk.client.v1.customers.create(params={"email": "a@example.com"})
    wait_until(lambda: receiver.answers == [])
    found = desk.client.v1.events.list(params={"delivery_success": False}).data
    assert [event.type for event in found] == ["customer.created"]
    assert receiver.got == []


def test_property_comes_from_the_metadata(desk: StripeDesk, guest: Guest, receiver: Receiver) -> None:
    session = desk.session(metadata={"property": "kandy"}, payment_intent_data={"capture_method": "automatic"})
    guest.opens(str(session.url)).pays("4242424242424242")
    intent = desk.seen(session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    desk.client.v1.refunds.create(params={"payment_intent": intent.id})
    receiver.wait_for("charge.refunded")
    assert {path for path, _, _ in receiver.got} == {"/webhooks/kandy/stripe"}


def test_disturbed_webhooks_are_doubled_and_reordered_alike_for_a_seed(tmp_path: Path, receiver: Receiver) -> None:
    orders = []
    for attempt in range(2):
        with RunningSandbox(tmp_path / f"{attempt}.sqlite", receiver.url) as running:
            wanted = {"duplicates": 2, "reorder_share": 0.5, "delay_seconds": [0, 0], "reorder_seconds": 0.6}
            running.post("/webhooks", {**wanted, "duplicate_share": 0})
            for number in range(6):
                running.stripe_client().v1.customers.create(params={"name": str(number)})
            wait_until(lambda: len(receiver.got) == 18)
            orders.append([event.data.object["name"] for event in receiver.events()])
            ids = {event.id for event in receiver.events()}
            receiver.got.clear()
        assert len(ids) == 6
    firsts = [list(dict.fromkeys(order)) for order in orders]
    assert firsts[0] != sorted(firsts[0])
    assert [sorted(order) for order in orders] == [sorted("012345" * 3)] * 2


def test_redelivers_an_event_on_request(desk: StripeDesk, sandbox: RunningSandbox, receiver: Receiver) -> None:
    desk.client.v1.customers.create(params={})
    event = receiver.wait_for("customer.created")
    sandbox.post("/webhooks/redeliver", {"event": event.id, "times": 9})
    receiver.wait_for("customer.created", 10)
    assert {again.id for again in receiver.events()} == {event.id}


def test_signature_is_refused_for_another_secret_or_body(desk: StripeDesk, receiver: Receiver) -> None:
    desk.client.v1.customers.create(params={})
    receiver.wait_for("customer.created")
    _, headers, body = receiver.got[0]
    for payload, secret in ((body, "whsec_other"), (body + " ", SECRET)):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(payload, headers["Stripe-Signature"], secret)


def free_port() -> int:
    """Find a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launched(state: Path, port: int, webhook_url: str) -> subprocess.Popen[bytes]:
    """Start the program on a state file and wait until it answers."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ops.sandbox",
            "--port",
            str(port),
            "--state",
            str(state),
            "--webhook-secret",
            SECRET,
            "--webhook-url",
            webhook_url,
        ]
    )

    def answers() -> bool:
        assert process.poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{port}/livez").is_success
        except httpx.TransportError:
            return False

    wait_until(answers, "for the sandbox", 30)
    return process


def test_a_killed_sandbox_continues_with_its_state_and_its_webhooks(tmp_path: Path, receiver: Receiver) -> None:
    port, state = free_port(), tmp_path / "state" / "sandbox.sqlite"
    nobody_listens = f"http://127.0.0.1:{free_port()}"
    first = launched(state, port, f"{nobody_listens}/webhooks/{{property}}/stripe")
    client = stripe.StripeClient("sk_test_1", base_addresses={"api": f"http://127.0.0.1:{port}"})
    try:
        httpx.post(f"http://127.0.0.1:{port}/clock", json={"offset_seconds": 1000})
        made = client.v1.customers.create(params={"email": "a@example.com"}, options={"idempotency_key": "k"})
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    listening = int(nobody_listens.rpartition(":")[2])
    with Receiver(listening) as late:
        second = launched(state, port, f"{receiver.url}/webhooks/{{property}}/stripe")
        try:
            again = client.v1.customers.create(params={"email": "a@example.com"}, options={"idempotency_key": "k"})
            assert again.id == made.id
            assert httpx.get(f"http://127.0.0.1:{port}/clock").json()["offset_seconds"] == 1000
            assert late.wait_for("customer.created").data.object["id"] == made.id
        finally:
            second.terminate()
            second.wait(10)


def test_two_sandboxes_cannot_share_a_state_file(sandbox: RunningSandbox) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "ops.sandbox", "--port", "0", "--state", str(sandbox.settings.state)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert "is another sandbox running on it?" in second.stderr
