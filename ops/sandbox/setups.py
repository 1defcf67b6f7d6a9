"""`/v1/setup_intents`: the little that saving a card without a payment needs.

With `confirm` the card is set up at once, as if the guest had authenticated; there is no page for it.
"""

from ops.sandbox import charging, customers, forms, stripe_objects
from ops.sandbox.cards import MESSAGES, NAMED, card_of
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import card_error
from ops.sandbox.world import World, new_id, token

KNOWN = (
    "customer",
    "payment_method",
    "confirm",
    "usage",
    "metadata",
    "description",
    "payment_method_types",
    "automatic_payment_methods",
    "return_url",
)
UNUSED: Json = dict.fromkeys(
    (
        "application",
        "automatic_payment_methods",
        "cancellation_reason",
        "excluded_payment_method_types",
        "flow_directions",
        "last_setup_error",
        "latest_attempt",
        "mandate",
        "next_action",
        "on_behalf_of",
        "payment_method",
        "payment_method_configuration_details",
        "single_use_mandate",
    )
)


def create(world: World, params: Json) -> Json:
    """Make a setup intent and, with `confirm`, set its card up. Raises StripeError 402 when the card is declined."""
    forms.only(params, *KNOWN)
    setup_id = new_id("setup_intent")
    setup: Json = {
        **UNUSED,
        "id": setup_id,
        "object": "setup_intent",
        "client_secret": f"{setup_id}_secret_{token()}",
        "created": world.now(),
        "customer": forms.text(params, "customer"),
        "description": forms.text(params, "description"),
        "livemode": False,
        "metadata": forms.metadata(params),
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": forms.choice(params, "usage", ("off_session", "on_session"), "off_session"),
    }
    method = _method(world, setup, forms.text(params, "payment_method"))
    if method is None:
        return _saved(world, setup, "setup_intent.created")
    setup |= {"payment_method": method["id"], "status": "requires_confirmation"}
    _saved(world, setup, "setup_intent.created")
    return _confirm(world, setup, method) if forms.flag(params, "confirm") else setup


def _method(world: World, setup: Json, method_id: str | None) -> Json | None:
    if method_id is None:
        return None
    if setup["customer"]:
        return customers.attach_method(world, {"customer": setup["customer"]}, method_id)
    if method_id in NAMED:
        return charging.keep_card(world, card_of(NAMED[method_id]), 12, 2034, None)
    return world.find("payment_method", method_id, param="payment_method")


def _confirm(world: World, setup: Json, method: Json) -> Json:
    kept = world.find("card", method["id"])
    if decline := card_of(kept["number"]).decline:
        failure = stripe_objects.card_failure("card_declined", decline, MESSAGES[decline], method, method["id"])
        failure.pop("charge")
        _saved(
            world,
            setup | {"status": "requires_payment_method", "payment_method": None, "last_setup_error": failure},
            "setup_intent.setup_failed",
        )
        raise card_error(failure, None)
    world.store.put("card", kept | {"set_up": True})
    return _saved(world, setup | {"status": "succeeded"}, "setup_intent.succeeded")


def _saved(world: World, setup: Json, event: str) -> Json:
    world.save(setup)
    emit(world, event, setup)
    return setup


def retrieve(world: World, params: Json, setup: str) -> Json:
    """Give a setup intent."""
    forms.only(params)
    return world.find("setup_intent", setup)
