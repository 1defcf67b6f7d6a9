"""What a card does to a payment intent: authorise, ask for authentication, decline, capture, cancel, lapse.

The only place that changes an intent's status. Source: docs.stripe.com/payments/paymentintents/lifecycle; since
2025-03-31 a cancelled or partly captured authorisation makes no refund object.
"""

from ops.sandbox import stripe_objects
from ops.sandbox.cards import MESSAGES, OWN_CODES, TestCard, card_of
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import card_error
from ops.sandbox.world import World

AUTHORISATION_SECONDS = 7 * 86_400
FAILED_AUTHENTICATION = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
    "to attempt to fulfill this PaymentIntent again."
)


def keep_card(world: World, card: TestCard, exp_month: int, exp_year: int, email: str | None) -> Json:
    """Make a payment method for a test card; its behaviour is remembered apart from what the API shows."""
    method = world.save(stripe_objects.payment_method(world.now(), card, exp_month, exp_year, email))
    world.store.put("card", {"id": method["id"], "number": card.number, "set_up": False})
    return method


def confirm(world: World, intent: Json, method: Json, *, off_session: bool, return_url: str | None) -> Json:
    """Try to pay with a method; the answer's status is requires_action, requires_capture or succeeded.

    Raises StripeError 402 when the card is declined; the failed try stays recorded on the intent.
    """
    kept = world.find("card", method["id"])
    card = card_of(kept["number"])
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    code = card.later_decline if off_session else card.decline
    needs_guest = card.authenticate and not (off_session and card.later_free and kept["set_up"])
    if off_session and needs_guest:
        code = "authentication_required"
    if code:
        return _decline(world, intent, method, code)
    if needs_guest:
        return _ask(world, intent, return_url)
    return authorise(world, intent, method, authenticated=False)


def _ask(world: World, intent: Json, return_url: str | None) -> Json:
    url = f"{world.public_url}/c/3ds/{intent['id']}"
    intent["status"] = "requires_action"
    intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url}}
    world.save(intent)
    emit(world, "payment_intent.requires_action", intent)
    return intent


def _decline(world: World, intent: Json, method: Json, code: str) -> Json:
    own_code = code in OWN_CODES
    charge = stripe_objects.charge(
        world.now(),
        intent,
        method,
        paid=False,
        status="failed",
        failure_code=code if own_code else "card_declined",
        failure_message=MESSAGES[code],
        outcome=_outcome("declined_by_network", code, MESSAGES[code], "issuer_declined"),
    )
    world.save(charge)
    decline_code = None if own_code and code != "authentication_required" else code
    failure = stripe_objects.card_failure(charge["failure_code"], decline_code, MESSAGES[code], method, charge["id"])
    emit(world, "charge.failed", charge)
    fail(world, intent | {"latest_charge": charge["id"]}, failure)
    raise card_error(failure, world.find("payment_intent", intent["id"]))


def fail(world: World, intent: Json, failure: Json) -> Json:
    """Record a failed try; the intent waits for another payment method."""
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None, "last_payment_error": failure}
    world.save(intent)
    emit(world, "payment_intent.payment_failed", intent)
    return intent


def fail_authentication(world: World, intent: Json) -> Json:
    """Record that the guest did not pass the bank's check."""
    method = world.find("payment_method", intent["payment_method"])
    code = "payment_intent_authentication_failure"
    return fail(world, intent, stripe_objects.card_failure(code, None, FAILED_AUTHENTICATION, method, None))


def authorise(world: World, intent: Json, method: Json, *, authenticated: bool) -> Json:
    """Make the charge: reserved for a manual intent, taken at once for an automatic one."""
    charge = stripe_objects.charge(
        world.now(), intent, method, outcome=_outcome("approved_by_network", None, "Payment complete.", "authorized")
    )
    if authenticated:
        charge["payment_method_details"]["card"]["three_d_secure"] = _authentication(charge["id"])
    intent |= {"latest_charge": charge["id"], "next_action": None, "last_payment_error": None}
    if intent["setup_future_usage"]:
        _set_up(world, intent, method, authenticated=authenticated)
    if intent["capture_method"] == "manual":
        return _reserve(world, intent, charge)
    _take(world, intent, charge, intent["amount"])
    emit(world, "charge.succeeded", charge)
    return _succeed(world, intent)


def _authentication(charge_id: str) -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": f"3ds_{charge_id}",
        "version": "2.2.0",
    }


def _reserve(world: World, intent: Json, charge: Json) -> Json:
    """Hold the money until the capture, at most seven days."""
    capture_before = world.now() + AUTHORISATION_SECONDS
    charge["payment_method_details"]["card"]["capture_before"] = capture_before
    world.save(charge)
    world.later(capture_before, "expire_authorisation", intent["id"], charge=charge["id"])
    intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    world.save(intent)
    emit(world, "charge.succeeded", charge)
    emit(world, "payment_intent.amount_capturable_updated", intent)
    return intent


def _set_up(world: World, intent: Json, method: Json, *, authenticated: bool) -> None:
    """Attach the method to the intent's customer for later payments."""
    if intent["customer"] and method["customer"] != intent["customer"]:
        world.save(method | {"customer": intent["customer"]})
        emit(world, "payment_method.attached", method | {"customer": intent["customer"]}, about=intent)
    if authenticated and intent["setup_future_usage"] == "off_session":
        world.store.put("card", world.find("card", method["id"]) | {"set_up": True})


def capture(world: World, intent: Json, amount: int) -> Json:
    """Take all or a part of what is reserved; the rest is released."""
    charge = world.find("charge", intent["latest_charge"])
    _take(world, intent, charge, amount)
    emit(world, "charge.captured", charge)
    for session in world.store.all("checkout.session", payment_intent=intent["id"]):
        world.save(session | {"payment_status": "paid"})
    return _succeed(world, intent)


def _take(world: World, intent: Json, charge: Json, amount: int) -> None:
    fee = (amount * 29 + 500) // 1000 + 30
    moved = world.save(stripe_objects.balance_transaction(world.now(), charge, "charge", amount, min(fee, amount)))
    charge |= {"captured": True, "amount_captured": amount, "balance_transaction": moved["id"]}
    charge["payment_method_details"]["card"].pop("capture_before", None)
    world.save(charge)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    world.save(intent)


def _succeed(world: World, intent: Json) -> Json:
    emit(world, "payment_intent.succeeded", intent)
    return intent


def cancel(world: World, intent: Json, reason: str | None) -> Json:
    """Give up the intent and release what it reserved."""
    intent |= {
        "status": "canceled",
        "canceled_at": world.now(),
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
    }
    world.save(intent)
    emit(world, "payment_intent.canceled", intent)
    return intent


def lapse(world: World, intent: Json) -> Json:
    """End an authorisation that nobody captured in time."""
    emit(world, "charge.expired", world.find("charge", intent["latest_charge"]))
    return cancel(world, intent, "expired")


def _outcome(network_status: str, reason: str | None, message: str, kind: str) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": message,
        "type": kind,
    }
