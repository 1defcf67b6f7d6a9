"""Writes down what happened as a Stripe event and queues its webhook, in the same transaction as the change itself.

Sending is elsewhere (`webhooks.py`); here is decided once, from the seed, how often, when and in which order it goes out.
"""

import random
import time

from ops.sandbox.store import Json
from ops.sandbox.world import World, new_id, token

API_VERSION = "2026-10-28.endive"
CHAOS = ("duplicate_share", "reorder_share", "delay_seconds", "reorder_seconds")


def emit(world: World, kind: str, body: Json, *, about: Json | None = None) -> Json:
    """Record an event about an object as it is now and queue it for the property of the object, or of `about`."""
    event: Json = {
        "id": new_id("event"),
        "object": "event",
        "api_version": API_VERSION,
        "created": world.now(),
        "data": {"object": body},
        "livemode": False,
        "pending_webhooks": 1 if world.settings.webhook_url else 0,
        "request": world.request,
        "type": kind,
    }
    world.save(event)
    if world.settings.webhook_url:
        url = world.settings.webhook_url.replace("{property}", property_of(world, about or body))
        queue(world, "stripe", url, event["id"])
    return event


def property_of(world: World, body: Json) -> str:
    """Name the property an object belongs to: by its metadata, else its intent's or session's, else the default."""
    chain = [body]
    intent_id = body["id"] if body["object"] == "payment_intent" else body.get("payment_intent")
    if isinstance(intent_id, str):
        chain += [world.store.get("payment_intent", intent_id) or {}]
        chain += world.store.all("checkout.session", payment_intent=intent_id)
    named = [link["metadata"]["property"] for link in chain if (link.get("metadata") or {}).get("property")]
    return str(named[0]) if named else world.settings.default_property


def chaos(world: World) -> Json:
    """Tell how webhooks are disturbed now: shares between 0 and 1, delays in seconds."""
    defaults = {name: getattr(world.settings, name) for name in CHAOS}
    return {**defaults, **(world.store.get("setting", "chaos") or {})}


def queue(world: World, vendor: str, url: str, event_id: str, payload: str | None = None) -> None:
    """Queue one webhook, perhaps late and perhaps twice; the same seed and order give the same disturbance.

    Without a payload the event itself is sent.
    """
    disturbed = chaos(world)
    counter = world.store.get("setting", "deliveries") or {"id": "deliveries", "count": 0}
    world.store.put("setting", {**counter, "count": counter["count"] + 1})
    dice = random.Random(f"{world.settings.seed}:{counter['count']}")  # noqa: S311 - repeatable disturbance, no secret
    copies = int(disturbed.get("duplicates", 0)) + 1
    copies += dice.random() < disturbed["duplicate_share"]
    late = disturbed["reorder_seconds"] if dice.random() < disturbed["reorder_share"] else 0
    for copy in range(copies):
        world.store.put(
            "delivery",
            {
                "id": token(),
                "vendor": vendor,
                "event": event_id,
                "url": url,
                "payload": payload,
                "attempt": 0,
                "due_at": time.time() + dice.uniform(*disturbed["delay_seconds"]) + late,
                "state": "waiting",
                "copy": copy,
                "last": None,
            },
        )
    world.wake.set()
