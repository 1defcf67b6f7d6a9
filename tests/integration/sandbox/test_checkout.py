"""A guest pays at the hosted page: 3-D Secure, declines, expiry; driven by Stripe's real client and a plain browser."""

import time

import pytest
import stripe

from tests.integration.sandbox.actors import Guest, Receiver, RunningSandbox, StripeDesk, checked, wait_until

AUTHENTICATED_CARDS = ["4000 0025 0000 3155", "4000 0000 0000 3220"]


@pytest.mark.parametrize("card", AUTHENTICATED_CARDS)
def test_pays_with_three_d_secure_and_captures(card: str, desk: StripeDesk, guest: Guest, receiver: Receiver) -> None:
    session = desk.session("create-1")
    assert (session.status, session.payment_intent, session.amount_total) == ("open", None, 36_000)
    guest.opens(str(session.url)).pays(card)
    assert "Complete authentication" in guest.text
    waiting = desk.seen(session.id)
    assert isinstance(waiting.payment_intent, stripe.PaymentIntent)
    assert (waiting.status, waiting.payment_intent.status) == ("open", "requires_action")
    guest.authenticates(passes=True)
    assert guest.sent_to == f"http://hotel.test/paid?session={session.id}"

    paid = desk.seen(session.id)
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (paid.status, paid.payment_status, intent.status, intent.amount_capturable) == (
        "complete", "unpaid", "requires_capture", 36_000)
    assert intent.metadata["reservation_id"] == "r-1"
    assert paid.customer_details is not None
    assert paid.customer_details.email == "guest@example.com"

    captured = checked(desk.client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "capture-1"}))
    assert (captured.status, captured.amount_received) == ("succeeded", 36_000)
    assert desk.seen(session.id).payment_status == "paid"
    receiver.wait_for("payment_intent.succeeded")
    assert receiver.types() == [
        "customer.created", "payment_intent.created", "payment_intent.requires_action", "payment_method.attached",
        "charge.succeeded", "payment_intent.amount_capturable_updated", "checkout.session.completed",
        "charge.captured", "payment_intent.succeeded"]
    assert {path for path, _, _ in receiver.got} == {"/webhooks/ella/stripe"}
