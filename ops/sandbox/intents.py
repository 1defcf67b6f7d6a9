"""`/v1/payment_intents`: create, retrieve, update, confirm, capture, cancel. What a card does is in `charging`."""

from ops.sandbox import charging, forms, stripe_objects
from ops.sandbox.cards import NAMED, card_of
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import invalid, missing, refused, unexpected_state
from ops.sandbox.world import World

SMALLEST_MINOR = {"usd": 50, "eur": 50, "gbp": 30}
CANCELLABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
TOO_SMALL = "Amount must convert to at least {} {} in minor units."


def amount_of(params: Json, currency: str) -> int:
    """Read the amount to pay. Raises StripeError when it is missing or outside the currency's limits."""
    amount = forms.amount(params, "amount")
    if amount is None:
        raise missing("amount")
    check_smallest(amount, currency)
    return amount


def check_smallest(amount: int, currency: str) -> None:
    """Refuse amounts below what Stripe takes in this currency."""
    smallest = SMALLEST_MINOR.get(currency, 1)
    if amount < smallest:
        raise invalid(TOO_SMALL.format(smallest, currency), "amount", "amount_too_small")


def currency_of(params: Json, name: str = "currency") -> str:
    """Read a three-letter currency, in lower case."""
    currency = forms.required(params, name).lower()
    if len(currency) != 3 or not currency.isalpha():  # noqa: PLR2004 - ISO 4217
        message = f"Invalid currency: {currency}."
        raise invalid(message, name)
    return currency


def create(world: World, params: Json) -> Json:
    """Create an intent, and pay it at once when `confirm` is set."""
    forms.only(
        params,
        "amount",
        "currency",
        "automatic_payment_methods",
        "capture_method",
        "confirm",
        "customer",
        "description",
        "metadata",
        "off_session",
        "payment_method",
        "payment_method_types",
        "receipt_email",
        "return_url",
        "setup_future_usage",
        "error_on_requires_action",
    )
    currency = currency_of(params)
    automatic = params.get("automatic_payment_methods")
    customer = forms.text(params, "customer")
    method = _method(world, params)
    if customer:
        world.find("customer", customer, param="customer")
    intent = stripe_objects.payment_intent(
        world.now(),
        amount_of(params, currency),
        currency,
        automatic_payment_methods={"enabled": forms.flag(automatic, "enabled")} if automatic else None,
        capture_method=forms.choice(params, "capture_method", ("automatic", "automatic_async", "manual"), "automatic"),
        customer=customer,
        description=forms.text(params, "description"),
        metadata=forms.metadata(params),
        receipt_email=forms.text(params, "receipt_email"),
        setup_future_usage=forms.choice(params, "setup_future_usage", ("off_session", "on_session")),
    )
    if method:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    world.save(intent)
    emit(world, "payment_intent.created", intent)
    return _pay(world, intent, method, params) if forms.flag(params, "confirm") else intent


def confirm(world: World, params: Json, intent: str) -> Json:
    """Pay an intent with its own or another method. Raises StripeError when its state does not allow it."""
    forms.only(
        params, "payment_method", "off_session", "return_url", "setup_future_usage", "receipt_email", "error_on_requires_action"
    )
    found = world.find("payment_intent", intent)
    _refuse_checkout(world, found, "confirm")
    if found["status"] not in CONFIRMABLE:
        raise unexpected_state(found, "confirmed", ", ".join(CONFIRMABLE))
    method = _method(world, params)
    if method is None and found["payment_method"]:
        method = world.find("payment_method", found["payment_method"])
    return _pay(world, found, method, params)


def _method(world: World, params: Json) -> Json | None:
    """Read the payment method; Stripe's named test methods make a new one."""
    method_id = forms.text(params, "payment_method")
    if method_id in NAMED:
        return charging.keep_card(world, card_of(NAMED[method_id]), 12, 2034, None)
    return world.find("payment_method", method_id, param="payment_method") if method_id else None


def _pay(world: World, intent: Json, method: Json | None, params: Json) -> Json:
    if method is None:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise refused(message, "payment_intent_unexpected_state", payment_intent=intent)
    if method["customer"] and method["customer"] != intent["customer"]:
        message = "The provided PaymentMethod belongs to another Customer than the PaymentIntent."
        raise invalid(message, "payment_method")
    return charging.confirm(
        world, intent, method, off_session=forms.flag(params, "off_session"), return_url=forms.text(params, "return_url")
    )


def retrieve(world: World, params: Json, intent: str) -> Json:
    """Give one intent."""
    forms.only(params, "client_secret")
    return world.find("payment_intent", intent)


def update(world: World, params: Json, intent: str) -> Json:
    """Change what may change without a payment: description and metadata."""
    forms.only(params, "description", "metadata")
    found = world.find("payment_intent", intent)
    found["metadata"] |= forms.metadata(params)
    found["description"] = forms.text(params, "description", found["description"])
    return world.save(found)


def capture(world: World, params: Json, intent: str) -> Json:
    """Take all or a part of what is reserved. Raises StripeError unless the intent is in requires_capture."""
    forms.only(params, "amount_to_capture", "final_capture", "metadata", "statement_descriptor")
    found = world.find("payment_intent", intent)
    amount = forms.amount(params, "amount_to_capture")
    if found["status"] != "requires_capture":
        raise unexpected_state(found, "captured", "requires_capture")
    if amount is not None and amount > found["amount_capturable"]:
        message = (
            f"The requested capture amount {amount} is greater than the amount you can capture "
            f"{found['amount_capturable']} for this PaymentIntent."
        )
        raise refused(message, "amount_too_large", param="amount_to_capture")
    found["metadata"] |= forms.metadata(params)
    return charging.capture(world, found, amount or found["amount_capturable"])


def cancel(world: World, params: Json, intent: str) -> Json:
    """Give up an intent. Raises StripeError for final states and for a Checkout intent outside requires_capture."""
    forms.only(params, "cancellation_reason")
    reason = forms.choice(params, "cancellation_reason", REASONS)
    found = world.find("payment_intent", intent)
    if found["status"] not in CANCELLABLE:
        raise unexpected_state(found, "canceled", ", ".join(CANCELLABLE))
    if found["status"] != "requires_capture":
        _refuse_checkout(world, found, "cancel")
    return charging.cancel(world, found, reason)


def _refuse_checkout(world: World, intent: Json, verb: str) -> None:
    if world.store.all("checkout.session", payment_intent=intent["id"]):
        message = f"You cannot {verb} the PaymentIntent for a Checkout Session. Expire the Checkout Session instead."
        raise refused(message, "payment_intent_unexpected_state", payment_intent=intent)
