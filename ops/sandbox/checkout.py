"""`/v1/checkout/sessions`: create, retrieve, expire; and what the hosted page does when the guest pays.

The intent is made when the guest first presses Pay (docs.stripe.com/changelog/2022-08-01): until then it is null. After
a manual-capture payment the session is complete but `unpaid` until the capture.
"""

from ops.sandbox import charging, checkout_objects, forms, stripe_objects
from ops.sandbox.cards import TestCard
from ops.sandbox.events import emit
from ops.sandbox.intents import check_smallest, currency_of
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import StripeError, invalid, missing, refused
from ops.sandbox.world import World

SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600
CLOCK_SLACK_SECONDS = 5
"""A client computes `expires_at` a moment before we read it."""
LARGEST_AMOUNT = 99_999_999
PLAIN = ("client_reference_id", "customer_email", "locale")
KNOWN = (
    *PLAIN,
    "mode",
    "line_items",
    "payment_intent_data",
    "metadata",
    "success_url",
    "cancel_url",
    "expires_at",
    "customer",
    "customer_creation",
    "payment_method_types",
    "submit_type",
    "ui_mode",
    "billing_address_collection",
    "payment_method_options",
    "phone_number_collection",
)


def create(world: World, params: Json) -> Json:
    """Open a session for a payment. Raises StripeError for missing, unknown or impossible parameters."""
    forms.only(params, *KNOWN)
    if forms.choice(params, "mode", ("payment", "setup", "subscription")) != "payment":
        message = "This sandbox knows only sessions with mode `payment`."
        raise invalid(message, "mode")
    items = _line_items(world, params)
    intent_data = _intent_data(params)
    customer = forms.text(params, "customer")
    if customer:
        world.find("customer", customer, param="customer")
    session = checkout_objects.session(
        world.now(),
        sum(item["amount_total"] for item in items),
        items[0]["currency"],
        **{name: forms.text(params, name) for name in PLAIN},
        customer=customer,
        metadata=forms.metadata(params),
        expires_at=_expires_at(world, params),
        customer_creation=None
        if customer
        else forms.choice(params, "customer_creation", ("always", "if_required"), "if_required"),
        success_url=forms.url(params, "success_url") or forms.required(params, "success_url"),
        cancel_url=forms.url(params, "cancel_url"),
        submit_type=forms.choice(params, "submit_type", ("auto", "book", "donate", "pay")),
    )
    check_smallest(session["amount_total"], session["currency"])
    if session["amount_total"] > LARGEST_AMOUNT:
        raise invalid(f"The total amount must be no more than {LARGEST_AMOUNT} in the smallest unit.", "line_items")
    session["url"] = f"{world.public_url}/c/pay/{session['id']}"
    world.later(session["expires_at"], "expire_session", session["id"])
    world.store.put("checkout", {"id": session["id"], "items": items, "intent": intent_data})
    return world.save(session)


def _line_items(world: World, params: Json) -> list[Json]:
    given = params.get("line_items")
    if not isinstance(given, list) or not given:
        raise missing("line_items")
    items = [_line_item(world, line, f"line_items[{index}]") for index, line in enumerate(given)]
    if len({item["currency"] for item in items}) > 1:
        message = "All line items must have the same currency."
        raise invalid(message, "line_items")
    return items


def _line_item(world: World, line: Json, where: str) -> Json:
    price = line.get("price_data")
    if not isinstance(price, dict):
        raise missing(f"{where}[price_data]")
    name = forms.required(price.get("product_data") or {}, "name")
    unit = forms.integer(price, "unit_amount")
    if unit is None or unit < 0:
        raise missing(f"{where}[price_data][unit_amount]")
    return checkout_objects.line_item(world.now(), name, currency_of(price), unit, forms.amount(line, "quantity") or 1)


def _intent_data(params: Json) -> Json:
    given: Json = params.get("payment_intent_data") or {}
    forms.only(given, "capture_method", "setup_future_usage", "metadata", "description", "receipt_email")
    return {
        "capture_method": forms.choice(given, "capture_method", ("automatic", "automatic_async", "manual"), "automatic"),
        "setup_future_usage": forms.choice(given, "setup_future_usage", ("off_session", "on_session")),
        "metadata": forms.metadata(given),
        "description": forms.text(given, "description"),
        "receipt_email": forms.text(given, "receipt_email"),
    }


def _expires_at(world: World, params: Json) -> int:
    expires_at = forms.integer(params, "expires_at")
    if expires_at is None:
        return world.now() + LONGEST_SECONDS
    life = expires_at - world.now()
    if not SHORTEST_SECONDS - CLOCK_SLACK_SECONDS <= life <= LONGEST_SECONDS + CLOCK_SLACK_SECONDS:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    return expires_at


def retrieve(world: World, params: Json, session: str) -> Json:
    """Give one session."""
    forms.only(params)
    return world.find("checkout.session", session)


def line_items(world: World, params: Json, session: str) -> Json:
    """Give what is paid for."""
    forms.only(params, "limit", "starting_after", "ending_before")
    world.find("checkout.session", session)
    return {
        "object": "list",
        "data": world.find("checkout", session)["items"],
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session}/line_items",
    }


def expire(world: World, params: Json, session: str) -> Json:
    """End an open session. Raises StripeError when it is no longer open."""
    forms.only(params)
    found = world.find("checkout.session", session)
    if found["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {found['status']}."
        )
        raise refused(message)
    return end(world, found)


def end(world: World, session: Json) -> Json:
    """Close an open session and cancel the intent of an unfinished try."""
    world.save(session | {"status": "expired", "url": None})
    if session["payment_intent"]:
        intent = world.find("payment_intent", session["payment_intent"])
        charging.cancel(world, intent, "automatic")
    session |= {"status": "expired", "url": None}
    emit(world, "checkout.session.expired", session)
    return session


def pay(world: World, session: Json, card: TestCard, expiry: tuple[int, int], email: str | None) -> Json:
    """Try to pay an open session with a card (expiry: month, year) and give the intent as it is afterwards.

    Raises StripeError 402 when the card is declined; the session stays open for another card.
    """
    email = session["customer_email"] or email
    intent = _intent(world, session, email)
    method = charging.keep_card(world, card, *expiry, email)
    intent = charging.confirm(world, intent, method, off_session=False, return_url=session["success_url"])
    if intent["status"] != "requires_action":
        complete(world, session["id"])
    return intent


def _intent(world: World, session: Json, email: str | None) -> Json:
    """Find the session's intent or make it, with the customer that later payments need."""
    if session["payment_intent"]:
        return world.find("payment_intent", session["payment_intent"])
    details = world.find("checkout", session["id"])["intent"]
    customer = session["customer"]
    if customer is None and (session["customer_creation"] == "always" or details["setup_future_usage"]):
        made = world.save(stripe_objects.customer(world.now(), email))
        emit(world, "customer.created", made, about=session)
        customer = made["id"]
    intent = stripe_objects.payment_intent(
        world.now(), session["amount_total"], session["currency"], **details, customer=customer
    )
    world.save(intent)
    session["payment_intent"] = intent["id"]
    world.save(session)
    emit(world, "payment_intent.created", intent)
    return intent


def complete(world: World, session_id: str) -> Json:
    """Finish a session whose intent was just authorised or paid."""
    session = world.find("checkout.session", session_id)
    intent = world.find("payment_intent", session["payment_intent"])
    method = world.find("payment_method", intent["payment_method"])
    email = method["billing_details"]["email"]
    session |= {
        "status": "complete",
        "payment_status": "paid" if intent["status"] == "succeeded" else "unpaid",
        "customer": intent["customer"],
        "customer_details": {
            "address": dict(stripe_objects.NOBODY),
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "url": None,
    }
    world.save(session)
    emit(world, "checkout.session.completed", session)
    return session


def finish_authentication(world: World, intent: Json, *, passed: bool) -> Json:
    """Take the bank's answer for an intent in requires_action; a declined answer leaves the session open.

    Raises StripeError when the intent no longer waits for it.
    """
    if intent["status"] != "requires_action":
        raise StripeError(400, "invalid_request_error", "This payment no longer waits for authentication.")
    if not passed:
        return charging.fail_authentication(world, intent)
    method = world.find("payment_method", intent["payment_method"])
    intent = charging.authorise(world, intent, method, authenticated=True)
    for session in world.store.all("checkout.session", payment_intent=intent["id"]):
        complete(world, session["id"])
    return intent
