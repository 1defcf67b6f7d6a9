"""`/v1/customers`, payment methods and the few setup-intent calls that saving a card needs."""

from ops.sandbox import charging, forms, stripe_objects
from ops.sandbox.cards import NAMED, card_of
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import card_error
from ops.sandbox.world import World, new_id, token


def create(world: World, params: Json) -> Json:
    """Make a customer."""
    forms.only(params, "email", "name", "description", "metadata", "phone")
    made = stripe_objects.customer(
        world.now(), forms.text(params, "email"), forms.text(params, "name"), metadata=forms.metadata(params),
        description=forms.text(params, "description"), phone=forms.text(params, "phone"))
    world.save(made)
    emit(world, "customer.created", made)
    return made


def retrieve(world: World, params: Json, customer: str) -> Json:
    """Give a customer, or what is left of a deleted one."""
    forms.only(params)
    if world.store.get("deleted_customer", customer):
        return {"id": customer, "object": "customer", "deleted": True}
    return world.find("customer", customer)


def delete(world: World, params: Json, customer: str) -> Json:
    """Delete a customer and take the cards away."""
    forms.only(params)
    found = world.find("customer", customer)
    for method in world.store.all("payment_method", customer=customer):
        world.save(method | {"customer": None})
    world.store.delete("customer", customer)
    world.store.put("deleted_customer", {"id": customer})
    emit(world, "customer.deleted", found)
    return {"id": customer, "object": "customer", "deleted": True}


def retrieve_method(world: World, params: Json, method: str) -> Json:
    """Give a payment method."""
    forms.only(params)
    return world.find("payment_method", method)


def attach_method(world: World, params: Json, method: str) -> Json:
    """Give a payment method, or one of Stripe's named test methods, to a customer."""
    forms.only(params, "customer")
    customer = world.find("customer", forms.required(params, "customer"), param="customer")
    named = NAMED.get(method)
    found = (charging.keep_card(world, card_of(named), 12, 2034, customer["email"]) if named
             else world.find("payment_method", method))
    world.save(found | {"customer": customer["id"]})
    emit(world, "payment_method.attached", found | {"customer": customer["id"]}, about=customer)
    return found | {"customer": customer["id"]}


def create_setup(world: World, params: Json) -> Json:
    """Make a setup intent; with `confirm` its card is set up at once, as if the guest had authenticated."""
    forms.only(params, "customer", "payment_method", "confirm", "usage", "metadata", "description",
               "payment_method_types", "automatic_payment_methods", "return_url")
    setup_id = new_id("setup_intent")
    setup: Json = {
        "id": setup_id, "object": "setup_intent", "application": None,
        "automatic_payment_methods": None, "cancellation_reason": None,
        "client_secret": f"{setup_id}_secret_{token()}", "created": world.now(),
        "customer": forms.text(params, "customer"), "description": forms.text(params, "description"),
        "excluded_payment_method_types": None, "flow_directions": None, "last_setup_error": None,
        "latest_attempt": None, "livemode": False, "mandate": None, "metadata": forms.metadata(params),
        "next_action": None, "on_behalf_of": None, "payment_method": None,
        "payment_method_configuration_details": None, "payment_method_options": {}, "payment_method_types": ["card"],
        "single_use_mandate": None, "status": "requires_payment_method",
        "usage": forms.choice(params, "usage", ("off_session", "on_session"), "off_session"),
    }
    method_id = forms.text(params, "payment_method")
    if not method_id:
        return _saved(world, setup, "setup_intent.created")
    if setup["customer"]:
        method = attach_method(world, {"customer": setup["customer"]}, method_id)
    elif method_id in NAMED:
        method = charging.keep_card(world, card_of(NAMED[method_id]), 12, 2034, None)
    else:
        method = world.find("payment_method", method_id, param="payment_method")
    setup |= {"payment_method": method["id"], "status": "requires_confirmation"}
    _saved(world, setup, "setup_intent.created")
    return _confirm_setup(world, setup, method) if forms.flag(params, "confirm") else setup


def _confirm_setup(world: World, setup: Json, method: Json) -> Json:
    kept = world.find("card", method["id"])
    if decline := card_of(kept["number"]).decline:
        failure = stripe_objects.card_failure("card_declined", decline, "Your card was declined.", method, method["id"])
        failure.pop("charge")
        _saved(world, setup | {"status": "requires_payment_method", "payment_method": None,
                               "last_setup_error": failure}, "setup_intent.setup_failed")
        raise card_error(failure, None)
    world.store.put("card", kept | {"set_up": True})
    return _saved(world, setup | {"status": "succeeded"}, "setup_intent.succeeded")


def _saved(world: World, setup: Json, event: str) -> Json:
    world.save(setup)
    emit(world, event, setup)
    return setup


def retrieve_setup(world: World, params: Json, setup: str) -> Json:
    """Give a setup intent."""
    forms.only(params)
    return world.find("setup_intent", setup)
