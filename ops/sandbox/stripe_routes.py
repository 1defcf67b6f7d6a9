"""The list of Stripe calls that the sandbox answers: to add a call, add a line."""

from functools import partial

from fastapi import FastAPI

from ops.sandbox import checkout, customers, disputes, forms, intents, reading, refunds, setups
from ops.sandbox.store import Json
from ops.sandbox.stripe_http import Operation, endpoint
from ops.sandbox.world import World


def _charge(world: World, params: Json, charge: str) -> Json:
    forms.only(params)
    return world.find("charge", charge)


def _event(world: World, params: Json, event: str) -> Json:
    forms.only(params)
    return world.find("event", event)


def _moved(world: World, params: Json, transaction: str) -> Json:
    forms.only(params)
    return world.find("balance_transaction", transaction)


def _listed(kind: str) -> Operation:
    return partial(_page, kind)


def _page(kind: str, world: World, params: Json) -> Json:
    return reading.page(world, kind, params)


ROUTES: tuple[tuple[str, str, Operation], ...] = (
    ("POST", "/checkout/sessions", checkout.create),
    ("GET", "/checkout/sessions", _listed("checkout.session")),
    ("GET", "/checkout/sessions/{session}", checkout.retrieve),
    ("GET", "/checkout/sessions/{session}/line_items", checkout.line_items),
    ("POST", "/checkout/sessions/{session}/expire", checkout.expire),
    ("POST", "/payment_intents", intents.create),
    ("GET", "/payment_intents", _listed("payment_intent")),
    ("GET", "/payment_intents/{intent}", intents.retrieve),
    ("POST", "/payment_intents/{intent}", intents.update),
    ("POST", "/payment_intents/{intent}/confirm", intents.confirm),
    ("POST", "/payment_intents/{intent}/capture", intents.capture),
    ("POST", "/payment_intents/{intent}/cancel", intents.cancel),
    ("GET", "/charges", _listed("charge")),
    ("GET", "/charges/{charge}", _charge),
    ("POST", "/refunds", refunds.create),
    ("GET", "/refunds", _listed("refund")),
    ("GET", "/refunds/{refund}", refunds.retrieve),
    ("POST", "/refunds/{refund}", refunds.update),
    ("GET", "/disputes", _listed("dispute")),
    ("GET", "/disputes/{dispute}", disputes.retrieve),
    ("POST", "/customers", customers.create),
    ("GET", "/customers", _listed("customer")),
    ("GET", "/customers/{customer}", customers.retrieve),
    ("DELETE", "/customers/{customer}", customers.delete),
    ("GET", "/payment_methods/{method}", customers.retrieve_method),
    ("POST", "/payment_methods/{method}/attach", customers.attach_method),
    ("POST", "/setup_intents", setups.create),
    ("GET", "/setup_intents/{setup}", setups.retrieve),
    ("GET", "/balance_transactions", _listed("balance_transaction")),
    ("GET", "/balance_transactions/{transaction}", _moved),
    ("GET", "/events", _listed("event")),
    ("GET", "/events/{event}", _event),
)


def install(app: FastAPI) -> None:
    """Add every call below `/v1`; anything else there is answered as Stripe answers an unknown URL."""
    for method, path, operation in ROUTES:
        app.add_route(f"/v1{path}", endpoint(operation), methods=[method])
