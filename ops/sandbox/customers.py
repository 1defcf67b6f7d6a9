"""`/v1/customers` and `/v1/payment_methods`: whom a card belongs to. What a card does is in `charging`."""

from ops.sandbox import charging, forms, stripe_objects
from ops.sandbox.cards import NAMED, card_of
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.world import World


def create(world: World, params: Json) -> Json:
    """Make a customer."""
    forms.only(params, "email", "name", "description", "metadata", "phone")
    made = stripe_objects.customer(
        world.now(),
        forms.text(params, "email"),
        forms.text(params, "name"),
        metadata=forms.metadata(params),
        description=forms.text(params, "description"),
        phone=forms.text(params, "phone"),
    )
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
    found = (
        charging.keep_card(world, card_of(named), 12, 2034, customer["email"])
        if named
        else world.find("payment_method", method)
    )
    world.save(found | {"customer": customer["id"]})
    emit(world, "payment_method.attached", found | {"customer": customer["id"]}, about=customer)
    return found | {"customer": customer["id"]}
