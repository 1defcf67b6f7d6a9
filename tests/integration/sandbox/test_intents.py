"""Capture, cancel, authorisation expiry, off-session payments, refunds and disputes, through Stripe's real client."""

import pytest
import stripe

from tests.integration.sandbox.actors import Guest, Receiver, RunningSandbox, StripeDesk, checked

WEEK_SECONDS = 7 * 86_400


def test_partial_capture_releases_the_rest_without_a_refund(desk: StripeDesk, guest: Guest, receiver: Receiver) -> None:
    intent = desk.authorised(guest)
    captured = checked(desk.client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 10_000}))
    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 10_000, 0)
    receiver.wait_for("payment_intent.succeeded")
    assert "charge.refunded" not in receiver.types()
    charge = checked(desk.client.v1.charges.retrieve(str(captured.latest_charge)))
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (36_000, 10_000, 0)
    moved = checked(desk.client.v1.balance_transactions.retrieve(str(charge.balance_transaction)))
    assert (moved.amount, moved.fee, moved.net) == (10_000, 320, 9_680)


@pytest.mark.parametrize(("amount", "code"), [(36_001, "amount_too_large"), (0, "parameter_invalid_integer")])
def test_capture_refuses_other_amounts(amount: int, code: str, desk: StripeDesk, guest: Guest) -> None:
    intent = desk.authorised(guest)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": amount})
    assert refused.value.code == code


def test_capture_and_cancel_only_in_their_states(desk: StripeDesk, guest: Guest) -> None:
    intents = desk.client.v1.payment_intents
    captured = intents.capture(desk.authorised(guest).id)
    for forbidden in (intents.capture, intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            forbidden(captured.id)
        assert refused.value.code == "payment_intent_unexpected_state"
    canceled = intents.cancel(desk.authorised(guest).id, params={"cancellation_reason": "abandoned"})
    assert (checked(canceled).status, canceled.cancellation_reason, canceled.amount_capturable) == ("canceled", "abandoned", 0)
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        intents.capture(canceled.id)


def test_checkout_intent_is_cancelled_only_when_authorised(desk: StripeDesk, guest: Guest) -> None:
    session = desk.session()
    guest.opens(str(session.url)).pays("4000000000003220")
    intent = desk.seen(session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    with pytest.raises(stripe.InvalidRequestError, match="Expire the Checkout Session"):
        desk.client.v1.payment_intents.cancel(intent.id)


def test_authorisation_lapses_after_seven_days(
    desk: StripeDesk, guest: Guest, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    intent = desk.authorised(guest)
    assert isinstance(intent.latest_charge, stripe.Charge)
    details = intent.latest_charge.payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.capture_before is not None
    assert 0 <= details.card.capture_before - intent.created - WEEK_SECONDS <= 5
    sandbox.post("/clock", {"advance_seconds": WEEK_SECONDS - 60})
    assert desk.client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    sandbox.post("/clock", {"advance_seconds": 120})
    lapsed = checked(desk.client.v1.payment_intents.retrieve(intent.id))
    assert (lapsed.status, lapsed.cancellation_reason) == ("canceled", "expired")
    receiver.wait_for("charge.expired")
    receiver.wait_for("payment_intent.canceled")


def off_session(desk: StripeDesk, first: stripe.PaymentIntent, key: str | None = None) -> stripe.PaymentIntent:
    """Charge the card that an earlier payment set up."""
    return checked(
        desk.client.v1.payment_intents.create(
            params={
                "amount": 50_000,
                "currency": "usd",
                "customer": str(first.customer),
                "payment_method": str(first.payment_method),
                "off_session": True,
                "confirm": True,
                "metadata": {"property": "ella"},
            },
            options={"idempotency_key": key} if key else {},
        )
    )


@pytest.mark.parametrize("card", ["4242424242424242", "4000002500003155"])
def test_saved_card_pays_later_without_the_guest(card: str, desk: StripeDesk, guest: Guest) -> None:
    assert off_session(desk, desk.authorised(guest, card)).status == "succeeded"


def test_card_that_always_asks_keeps_the_intent_for_a_link(
    desk: StripeDesk,
    guest: Guest,
    sandbox: RunningSandbox,
) -> None:
    first = desk.authorised(guest, "4000000000003220")
    with pytest.raises(stripe.CardError) as refused:
        off_session(desk, first)
    assert refused.value.code == "authentication_required"
    assert refused.value.error is not None
    assert refused.value.error.payment_intent is not None
    intent_id = refused.value.error.payment_intent.id
    asked = checked(
        desk.client.v1.payment_intents.confirm(
            intent_id, params={"payment_method": str(first.payment_method), "return_url": "http://hotel.test/back"}
        )
    )
    assert asked.next_action is not None
    assert asked.next_action.redirect_to_url is not None
    guest.opens(str(asked.next_action.redirect_to_url.url)).authenticates(passes=True)
    assert guest.sent_to.startswith(f"http://hotel.test/back?payment_intent={intent_id}")
    assert desk.client.v1.payment_intents.retrieve(intent_id).status == "succeeded"


def test_card_declined_later(desk: StripeDesk, guest: Guest, receiver: Receiver) -> None:
    first = desk.authorised(guest, "4000000000000341")
    with pytest.raises(stripe.CardError) as refused:
        off_session(desk, first)
    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
    receiver.wait_for("charge.failed")


def paid(desk: StripeDesk, guest: Guest, card: str = "4242424242424242") -> stripe.PaymentIntent:
    """Have a guest pay and capture it all."""
    return desk.client.v1.payment_intents.capture(desk.authorised(guest, card).id)


def test_refunds_add_up_and_never_exceed(desk: StripeDesk, guest: Guest, receiver: Receiver) -> None:
    intent = paid(desk, guest)
    refunds = desk.client.v1.refunds
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        refunds.create(params={"payment_intent": intent.id, "amount": 36_001})
    part = checked(refunds.create(params={"payment_intent": intent.id, "amount": 6_000}))
    rest = checked(refunds.create(params={"charge": str(intent.latest_charge), "reason": "requested_by_customer"}))
    assert (part.status, rest.amount) == ("succeeded", 30_000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create(params={"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"
    charge = checked(desk.client.v1.charges.retrieve(str(intent.latest_charge), params={"expand": ["refunds"]}))
    assert (charge.refunded, charge.amount_refunded) == (True, 36_000)
    assert [refund.id for refund in refunds.list(params={"payment_intent": intent.id}).data] == [rest.id, part.id]
    receiver.wait_for("charge.refunded", 2)
    moved = desk.client.v1.balance_transactions.list(params={"type": "refund"}).data
    assert [checked(each).amount for each in moved] == [-30_000, -6_000]


def test_uncaptured_payment_cannot_be_refunded(desk: StripeDesk, guest: Guest) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        desk.client.v1.refunds.create(params={"payment_intent": desk.authorised(guest).id})


def test_refund_may_wait_and_may_fail(desk: StripeDesk, guest: Guest, sandbox: RunningSandbox, receiver: Receiver) -> None:
    intent = paid(desk, guest)
    refunds = desk.client.v1.refunds
    waiting = refunds.create(params={"payment_intent": intent.id, "amount": 1, "metadata": {"sandbox_refund": "pending"}})
    sandbox.post("/faults", {"action": "refund_fail"})
    failing = refunds.create(params={"payment_intent": intent.id, "amount": 2})
    assert (checked(waiting).status, checked(failing).status) == ("pending", "succeeded")
    sandbox.post("/clock", {"advance_seconds": 10})
    assert checked(refunds.retrieve(waiting.id)).status == "succeeded"
    failed = checked(refunds.retrieve(failing.id))
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    receiver.wait_for("refund.failed")
    receiver.wait_for("refund.updated", 2)
    assert desk.client.v1.charges.retrieve(str(intent.latest_charge)).amount_refunded == 1


@pytest.mark.parametrize("card", ["4000000000007726", "4000000000005126"])
def test_stripes_own_refund_cards(card: str, desk: StripeDesk, guest: Guest, sandbox: RunningSandbox) -> None:
    refund = desk.client.v1.refunds.create(params={"payment_intent": paid(desk, guest, card).id})
    sandbox.post("/clock", {"advance_seconds": 10})
    ends = {"4000000000007726": ("pending", "succeeded"), "4000000000005126": ("succeeded", "failed")}
    assert (refund.status, desk.client.v1.refunds.retrieve(refund.id).status) == ends[card]


@pytest.mark.parametrize("status", ["won", "lost"])
def test_dispute_takes_the_money_and_blocks_refunds(
    status: str, desk: StripeDesk, guest: Guest, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    intent = paid(desk, guest)
    opened = sandbox.post("/disputes", {"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.client.v1.refunds.create(params={"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"
    found = desk.client.v1.disputes.list(params={"payment_intent": intent.id}).data
    assert [checked(dispute).id for dispute in found] == [opened["id"]]
    sandbox.post(f"/disputes/{opened['id']}/close", {"status": status})
    assert receiver.wait_for("charge.dispute.closed").data.object["status"] == status


def test_customers_and_setup_intents(desk: StripeDesk) -> None:
    v1 = desk.client.v1
    customer = checked(v1.customers.create(params={"email": "a@example.com", "metadata": {"guest": "g-1"}}))
    assert checked(v1.customers.retrieve(customer.id)).email == "a@example.com"
    setup = checked(
        v1.setup_intents.create(params={"customer": customer.id, "payment_method": "pm_card_visa", "confirm": True})
    )
    assert checked(v1.setup_intents.retrieve(setup.id)).status == "succeeded"
    method = checked(v1.payment_methods.retrieve(str(setup.payment_method)))
    assert method.customer == customer.id
    with pytest.raises(stripe.CardError):
        v1.setup_intents.create(params={"payment_method": "pm_card_chargeDeclined", "confirm": True})
    assert v1.customers.delete(customer.id).deleted
    assert v1.customers.retrieve(customer.id).deleted
    assert v1.payment_methods.retrieve(method.id).customer is None
