"""What happens by itself when the sandbox's clock gets there: sessions and authorisations expire, refunds settle."""

from ops.sandbox import charging, checkout, refunds
from ops.sandbox.store import Json
from ops.sandbox.world import World

DAY_SECONDS = 86_400


def run(world: World) -> None:
    """Do everything that is due, in order of its time, and forget idempotency keys older than a day."""
    now = world.now()
    for timer in world.store.due("timer", now):
        with world.store.transaction():
            world.store.delete("timer", timer["id"])
            ACTIONS[timer["action"]](world, timer)
    for key in world.store.due("idempotency", now):
        world.store.delete("idempotency", key["id"])


def _expire_session(world: World, timer: Json) -> None:
    session = world.find("checkout.session", timer["target"])
    if session["status"] == "open":
        checkout.end(world, session)


def _expire_authorisation(world: World, timer: Json) -> None:
    intent = world.find("payment_intent", timer["target"])
    if intent["status"] == "requires_capture" and intent["latest_charge"] == timer["charge"]:
        charging.lapse(world, intent)


def _settle_refund(world: World, timer: Json) -> None:
    refunds.settle(world, world.find("refund", timer["target"]), timer["outcome"])


ACTIONS = {
    "expire_session": _expire_session,
    "expire_authorisation": _expire_authorisation,
    "settle_refund": _settle_refund,
}
