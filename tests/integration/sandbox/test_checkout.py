"""A guest pays at the hosted page: 3-D Secure, declines, expiry; driven by Stripe's real client and a plain browser."""

import time
from typing import Any

import pytest
import stripe

from tests.integration.sandbox.actors import Guest, Receiver, RunningSandbox, StripeDesk, checked

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
        "complete",
        "unpaid",
        "requires_capture",
        36_000,
    )
    assert intent.metadata["reservation_id"] == "r-1"
    assert paid.customer_details is not None
    assert paid.customer_details.email == "guest@example.com"

    captured = checked(desk.client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "capture-1"}))
    assert (captured.status, captured.amount_received) == ("succeeded", 36_000)
    assert desk.seen(session.id).payment_status == "paid"
    receiver.wait_for("payment_intent.succeeded")
    assert receiver.types() == [
        "customer.created",
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_method.attached",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
        "charge.captured",
        "payment_intent.succeeded",
    ]
    assert {path for path, _, _ in receiver.got} == {"/webhooks/ella/stripe"}


def test_automatic_capture_is_paid_at_once(desk: StripeDesk, guest: Guest) -> None:
    session = desk.session(payment_intent_data={"capture_method": "automatic"}, customer_creation="if_required")
    guest.opens(str(session.url)).pays("4242424242424242")
    seen = desk.seen(session.id)
    assert isinstance(seen.payment_intent, stripe.PaymentIntent)
    assert (seen.payment_status, seen.payment_intent.status, seen.customer) == ("paid", "succeeded", None)


@pytest.mark.parametrize(
    ("card", "code", "message"),
    [
        ("4000 0000 0000 0002", "generic_decline", "Your card was declined."),
        ("4000 0000 0000 9995", "insufficient_funds", "Your card has insufficient funds."),
        ("4111 1111 1111 1111", "test_mode_live_card", "Your request was in test mode, but used a non test card."),
    ],
)
def test_declined_card_can_be_replaced(
    card: str, code: str, message: str, desk: StripeDesk, guest: Guest, receiver: Receiver
) -> None:
    session = desk.session()
    guest.opens(str(session.url)).pays(card)
    assert message in guest.text
    assert "Back to Ella Resort" in guest.text
    assert receiver.wait_for("payment_intent.payment_failed").data.object["last_payment_error"]["decline_code"] == code
    seen = desk.seen(session.id)
    assert isinstance(seen.payment_intent, stripe.PaymentIntent)
    assert (seen.status, seen.payment_intent.status) == ("open", "requires_payment_method")
    guest.pays("4242 4242 4242 4242")
    again = desk.seen(session.id).payment_intent
    assert isinstance(again, stripe.PaymentIntent)
    assert (again.id, again.status, again.last_payment_error) == (seen.payment_intent.id, "requires_capture", None)


def test_failed_authentication_lets_the_guest_try_again(desk: StripeDesk, guest: Guest) -> None:
    session = desk.session()
    guest.opens(str(session.url)).pays(AUTHENTICATED_CARDS[0]).authenticates(passes=False)
    assert "unable to authenticate" in guest.text
    intent = desk.seen(session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    guest.pays(AUTHENTICATED_CARDS[0]).authenticates(passes=True)
    assert desk.seen(session.id).status == "complete"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"card": "4242"}, "Your card number is incomplete."),
        ({"card": "4242424242424241"}, "Your card number is invalid."),
        ({"card": "4242424242424242", "expiry": "1"}, "expiration date is incomplete"),
        ({"card": "4242424242424242", "expiry": "01/20"}, "in the past"),
        ({"card": "4242424242424242", "cvc": "x"}, "security code is incomplete"),
    ],
)
def test_mistyped_fields_are_named_and_nothing_is_tried(
    typed: dict[str, str], message: str, desk: StripeDesk, guest: Guest
) -> None:
    session = desk.session()
    guest.opens(str(session.url)).pays(**typed)
    assert message in guest.text
    assert desk.seen(session.id).payment_intent is None


def test_expired_session_cannot_be_paid(desk: StripeDesk, guest: Guest, receiver: Receiver) -> None:
    session = desk.session()
    guest.opens(str(session.url))
    expired = checked(desk.client.v1.checkout.sessions.expire(session.id))
    assert (expired.status, expired.url) == ("expired", None)
    guest.pays("4242424242424242")
    assert "This page has expired" in guest.text
    receiver.wait_for("checkout.session.expired")
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        desk.client.v1.checkout.sessions.expire(session.id)


def test_session_expired_during_authentication_is_never_charged(desk: StripeDesk, guest: Guest) -> None:
    session = desk.session()
    guest.opens(str(session.url)).pays(AUTHENTICATED_CARDS[0])
    desk.client.v1.checkout.sessions.expire(session.id)
    guest.authenticates(passes=True)
    assert "This page has expired" in guest.text
    intent = desk.seen(session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.latest_charge) == ("canceled", None)


def test_session_expires_by_the_clock(desk: StripeDesk, sandbox: RunningSandbox, receiver: Receiver) -> None:
    session = desk.session()
    sandbox.post("/clock", {"advance_seconds": 31 * 60 + 1})
    assert desk.seen(session.id).status == "expired"
    assert receiver.wait_for("checkout.session.expired").data.object["id"] == session.id


def test_complete_session_leads_back_and_cannot_be_expired(desk: StripeDesk, guest: Guest) -> None:
    session = desk.session()
    guest.opens(str(session.url)).pays("4242424242424242")
    assert guest.opens(str(session.url)).sent_to.endswith(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        desk.client.v1.checkout.sessions.expire(session.id)


@pytest.mark.parametrize(
    ("life_seconds", "taken"), [(29 * 60, False), (30 * 60 + 2, True), (24 * 3600 - 2, True), (24 * 3600 + 60, False)]
)
def test_expiry_is_between_thirty_minutes_and_a_day(life_seconds: int, taken: bool, desk: StripeDesk) -> None:
    expires_at = int(time.time()) + life_seconds
    if taken:
        assert desk.session(expires_at=expires_at).expires_at == expires_at
        return
    with pytest.raises(stripe.InvalidRequestError, match="expires_at") as refused:
        desk.session(expires_at=expires_at)
    assert refused.value.param == "expires_at"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"mode": "setup"}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"success_url": ""}, "success_url"),
        ({"surprise": "1"}, "surprise"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url"),
        ({"customer": "cus_none"}, "customer"),
        ({"payment_intent_data": {"capture_method": "later"}}, "capture_method"),
    ],
)
def test_wrong_parameters_are_named(changes: dict[str, Any], param: str, desk: StripeDesk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.session(**changes)
    assert refused.value.param == param


def test_lists_sessions_by_window_and_intent(desk: StripeDesk, guest: Guest) -> None:
    intent = desk.authorised(guest)
    for _ in range(3):
        desk.session()
    sessions = desk.client.v1.checkout.sessions
    found = sessions.list(params={"payment_intent": intent.id})
    assert [checked(session).payment_intent for session in found.data] == [intent.id]
    first = sessions.list(params={"limit": 3, "created": {"gte": intent.created - 60}})
    assert (len(first.data), first.has_more) == (3, True)
    assert len(list(sessions.list(params={"limit": 2}).auto_paging_iter())) == 4
    assert sessions.list(params={"created": {"gte": intent.created + 60}}).data == []


def test_email_is_asked_for_when_the_merchant_did_not_give_it(desk: StripeDesk, guest: Guest) -> None:
    session = desk.session(customer_email="")
    guest.opens(str(session.url)).pays("4242424242424242", email="typed@example.com")
    details = desk.seen(session.id).customer_details
    assert details is not None
    assert details.email == "typed@example.com"
