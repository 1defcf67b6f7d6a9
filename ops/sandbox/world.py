"""Everything a vendor operation may touch, built once per app: settings, state, clock and the waiting webhooks.

Also the three small verbs that every operation needs: make an id, find an object, save an object.
"""

import asyncio
import secrets
import string
from dataclasses import dataclass, field

from ops.sandbox.clock import SandboxClock
from ops.sandbox.settings import SandboxSettings
from ops.sandbox.store import Json, Store
from ops.sandbox.stripe_errors import no_such

ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "checkout.session": "cs_test_a1",
    "payment_intent": "pi_3",
    "charge": "ch_3",
    "refund": "re_3",
    "event": "evt_1",
    "customer": "cus_",
    "payment_method": "pm_1",
    "setup_intent": "seti_1",
    "dispute": "du_1",
    "balance_transaction": "txn_3",
    "item": "li_1",
    "price": "price_1",
    "product": "prod_",
}


def token(length: int = 22) -> str:
    """Give letters and digits that nobody has used before."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(kind: str) -> str:
    """Give a new id with the prefix that Stripe uses for this kind of object."""
    return PREFIXES[kind] + token(54 if kind == "checkout.session" else 22)


@dataclass
class World:
    """One running sandbox."""

    settings: SandboxSettings
    store: Store
    clock: SandboxClock
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a webhook has become due."""
    keys_in_use: set[str] = field(default_factory=set)
    """Idempotency keys of requests that are executing now."""

    request: Json = field(default_factory=lambda: {"id": None, "idempotency_key": None})
    """The Stripe request that is executing, as its events name it."""

    public_url: str = ""
    """Where the hosted pages are, without a slash at the end; set by each request unless the settings fix it."""

    def now(self) -> int:
        """Give the sandbox's present as Unix seconds."""
        return self.clock.now()

    def find(self, kind: str, object_id: str, *, param: str | None = None) -> Json:
        """Give a copy of the object. Raises StripeError `resource_missing` when there is none."""
        found = self.store.get(kind, object_id)
        if found is None:
            raise no_such(kind, object_id, param)
        return found

    def save(self, body: Json) -> Json:
        """Keep an object under its own kind and give it back."""
        self.store.put(body["object"], body)
        return body

    def later(self, due_at: int, action: str, target: str, **fields: object) -> None:
        """Have `timers` do an action when the sandbox's clock reaches `due_at` (Unix seconds)."""
        timer = {"id": f"{action}:{target}:{token(6)}", "due_at": due_at, "action": action, "target": target, **fields}
        self.store.put("timer", timer)
