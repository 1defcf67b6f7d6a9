"""`/v1/refunds`: create, retrieve, update; refunds that succeed, wait, or fail later.

How a refund ends is chosen by the card (Stripe's test cards …7726 and …5126), by metadata `sandbox_refund`, or by a fault
with the action `refund_pending` or `refund_fail`.
"""

from ops.sandbox import faults, forms, stripe_objects
from ops.sandbox.cards import card_of
from ops.sandbox.events import emit
from ops.sandbox.store import Json
from ops.sandbox.stripe_errors import missing, refused
from ops.sandbox.world import World

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
SETTLE_SECONDS = 3
MODES = ("succeed", "pending", "fail", "pending_fail")


def create(world: World, params: Json) -> Json:
    """Give back all or a part of a captured charge. Raises StripeError when nothing or not enough is left."""
    forms.only(params, "payment_intent", "charge", "amount", "reason", "metadata")
    amount = forms.amount(params, "amount")
    reason = forms.choice(params, "reason", REASONS)
    metadata = forms.metadata(params)
    paid = _charge(world, params)
    left = paid["amount_captured"] - paid["amount_refunded"]
    _check(paid, amount, left)
    refund = stripe_objects.refund(world.now(), paid, amount or left, reason, metadata)
    mode = _mode(world, refund)
    if mode.startswith("pending"):
        refund |= {"status": "pending", "pending_reason": "processing"}
    moved = world.save(stripe_objects.balance_transaction(world.now(), refund, "refund", -refund["amount"]))
    refund["balance_transaction"] = moved["id"]
    world.save(refund)
    paid = _counted(world, paid, refund["amount"])
    emit(world, "refund.created", refund)
    emit(world, "charge.refunded", paid)
    if mode != "succeed":
        outcome = "succeeded" if mode == "pending" else "failed"
        world.later(world.now() + SETTLE_SECONDS, "settle_refund", refund["id"], outcome=outcome)
    return refund


def _charge(world: World, params: Json) -> Json:
    charge_id, intent_id = forms.text(params, "charge"), forms.text(params, "payment_intent")
    if charge_id:
        return world.find("charge", charge_id, param="charge")
    if not intent_id:
        raise missing("payment_intent")
    intent = world.find("payment_intent", intent_id, param="payment_intent")
    if intent["status"] != "succeeded":
        message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
        raise refused(message, param="payment_intent")
    return world.find("charge", intent["latest_charge"])


def _check(paid: Json, amount: int | None, left: int) -> None:
    if not paid["captured"]:
        message = f"Charge {paid['id']} has not been captured and so cannot be refunded."
        raise refused(message, "charge_not_captured" if paid["paid"] else None)
    if paid["disputed"]:
        message = f"Charge {paid['id']} has been charged back; cannot issue a refund."
        raise refused(message, "charge_disputed")
    if left == 0:
        message = f"Charge {paid['id']} has already been refunded."
        raise refused(message, "charge_already_refunded")
    if amount is not None and amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise refused(message, param="amount")


def _mode(world: World, refund: Json) -> str:
    asked = refund["metadata"].get("sandbox_refund")
    if asked in MODES:
        return str(asked)
    if injected := faults.take_refund(world):
        return injected
    return card_of(world.find("card", refund["payment_method"])["number"]).refund


def _counted(world: World, paid: Json, amount: int) -> Json:
    refunded = paid["amount_refunded"] + amount
    return world.save(paid | {"amount_refunded": refunded, "refunded": refunded == paid["amount"]})


def settle(world: World, refund: Json, outcome: str) -> None:
    """End a refund that waited, or one that the bank sent back: then the money is ours again."""
    refund.pop("pending_reason", None)
    refund["status"] = outcome
    if outcome == "failed":
        moved = stripe_objects.balance_transaction(world.now(), refund, "refund_failure", refund["amount"])
        world.save(moved)
        refund |= {"failure_reason": "expired_or_canceled_card", "failure_balance_transaction": moved["id"]}
        world.save(refund)
        _counted(world, world.find("charge", refund["charge"]), -refund["amount"])
        emit(world, "refund.updated", refund)
        emit(world, "refund.failed", refund)
        return
    world.save(refund)
    emit(world, "refund.updated", refund)


def retrieve(world: World, params: Json, refund: str) -> Json:
    """Give one refund."""
    forms.only(params)
    return world.find("refund", refund)


def update(world: World, params: Json, refund: str) -> Json:
    """Change a refund's metadata."""
    forms.only(params, "metadata")
    found = world.find("refund", refund)
    found["metadata"] |= forms.metadata(params)
    world.save(found)
    emit(world, "refund.updated", found)
    return found
