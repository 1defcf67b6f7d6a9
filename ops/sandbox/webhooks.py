"""Delivers the queued webhooks in the background, signs them, and tries again when the receiver fails.

At least once, in any order: what is waiting survives a restart, and a crash between answer and bookkeeping repeats it.
Signed with real time, because the receiver's verifier compares with real time.
"""

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import logging
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ops.sandbox import posting, timers
from ops.sandbox.events import chaos
from ops.sandbox.store import Json, Store
from ops.sandbox.world import World

TICK_SECONDS = 0.5
AT_ONCE = 8
OK = range(200, 300)
log = logging.getLogger(__name__)


async def run(world: World) -> None:
    """Deliver and let time pass until cancelled."""
    while True:
        timers.run(world)
        await deliver_due(world)
        due_at = world.store.next_due("delivery")
        pause = TICK_SECONDS if due_at is None else min(max(due_at - time.time(), 0.01), TICK_SECONDS)
        try:
            async with asyncio.timeout(pause):
                await world.wake.wait()
        except TimeoutError:
            continue
        world.wake.clear()


async def deliver_due(world: World) -> None:
    """Send everything that is due: some at once, or one after the other when disturbance is off."""
    due = world.store.due("delivery", time.time())
    if chaos(world)["reorder_share"] == 0:
        for delivery in due:
            await _deliver(world, delivery)
        return
    for start in range(0, len(due), AT_ONCE):
        await asyncio.gather(*(_deliver(world, delivery) for delivery in due[start : start + AT_ONCE]))


async def _deliver(world: World, delivery: Json) -> None:
    payload = delivery["payload"] or json.dumps(world.find("event", delivery["event"]), separators=(",", ":"))
    sign = {"stripe": _stripe_headers, "sendgrid": _sendgrid_headers}[delivery["vendor"]]
    try:
        status = await posting.post(delivery["url"], payload.encode(), sign(world, payload))
        delivery["last"] = str(status)
    except (OSError, http.client.HTTPException) as error:
        status = 0
        delivery["last"] = f"{type(error).__name__}: {error}"
    _note(world, delivery, delivered=status in OK)


def _note(world: World, delivery: Json, *, delivered: bool) -> None:
    retries = world.settings.retry_seconds
    attempt = delivery["attempt"]
    delivery["attempt"] = attempt + 1
    if delivered:
        delivery |= {"state": "delivered", "due_at": None}
    elif attempt < len(retries):
        delivery["due_at"] = time.time() + retries[attempt]
        log.info("webhook to %s: %s, again in %s s", delivery["url"], delivery["last"], retries[attempt])
    else:
        delivery |= {"state": "given_up", "due_at": None}
        log.warning("webhook to %s given up: %s", delivery["url"], delivery["last"])
    with world.store.transaction():
        world.store.put("delivery", delivery)
        event = world.store.get("event", delivery["event"])
        if event and delivered and event["pending_webhooks"]:
            world.save(event | {"pending_webhooks": 0})


def _stripe_headers(world: World, payload: str) -> dict[str, str]:
    at = int(time.time())
    secret = world.settings.webhook_secret.encode()
    signature = hmac.new(secret, f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (sandbox)",
        "Stripe-Signature": f"t={at},v1={signature}",
    }


def _sendgrid_headers(world: World, payload: str) -> dict[str, str]:
    at = str(int(time.time()))
    signature = signing_key(world.store).sign(f"{at}{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "SendGrid Event API (sandbox)",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
    }


def signing_key(store: Store) -> ec.EllipticCurvePrivateKey:
    """Give the key pair of the mail events; it is made once and kept in the state."""
    kept = store.get("setting", "signing_key")
    if kept is None:
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        kept = {"id": "signing_key", "pem": pem.decode()}
        store.put("setting", kept)
    key = serialization.load_pem_private_key(kept["pem"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
    return key


def public_key(store: Store) -> str:
    """Give the public key as SendGrid shows it: base64 of its DER form, without the PEM lines."""
    der = (
        signing_key(store)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode()
