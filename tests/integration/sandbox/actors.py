"""The characters of the sandbox tests: the running sandbox, a webhook receiver, a guest with a plain browser, a desk."""

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import stripe
import uvicorn

from ops.sandbox.app import create_app
from ops.sandbox.settings import SandboxSettings
from tests.stripe_types import misfits

SECRET = "whsec_test"
FAR_FUTURE = "12/34"
Kind = TypeVar("Kind", bound=stripe.StripeObject)


class RunningSandbox:
    """The real app under a real server on a free port."""

    def __init__(self, state: Path, receiver_url: str, **settings: Any) -> None:
        """Prepare a sandbox on a state file; webhooks go to the receiver."""
        self.settings = SandboxSettings(
            state=state,
            webhook_url=f"{receiver_url}/webhooks/{{property}}/stripe",
            webhook_secret=SECRET,
            sendgrid_webhook_url=f"{receiver_url}/webhooks/{{property}}/sendgrid",
            **{"retry_seconds": (0.05, 0.05, 0.1, 0.2, 0.4), **settings},
        )
        self.url = ""

    def __enter__(self) -> Self:
        """Start and wait until it listens."""
        config = uvicorn.Config(create_app(self.settings), port=0, log_level="warning", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        """Stop and let go of the state file."""
        self._server.should_exit = True
        self._thread.join(10)

    def stripe_client(self, **options: Any) -> stripe.StripeClient:
        """Give Stripe's real client with its real HTTP transport."""
        return stripe.StripeClient(
            "sk_test_1", base_addresses={"api": self.url}, http_client=stripe.RequestsClient(timeout=(3, 15)), **options
        )

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Use a control of the sandbox."""
        answer = httpx.post(self.url + path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        """Read a control of the sandbox."""
        return httpx.get(self.url + path).raise_for_status().json()


class Receiver:
    """The product's webhook endpoint: verifies nothing, remembers everything, answers as told."""

    def __init__(self, port: int = 0) -> None:
        """Listen on a port, a free one unless told otherwise."""
        self.got: list[tuple[str, dict[str, str], str]] = []
        self.answers: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler

    def __enter__(self) -> Self:
        """Start answering."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Stop; connections are refused from now on."""
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[stripe.Event]:
        """Give the Stripe events received so far, each verified by the real library and checked against its type."""
        found = []
        for path, headers, body in list(self.got):
            if path.endswith("/stripe"):
                wrong = misfits(json.loads(body))
                assert not wrong, wrong
                found.append(stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET))
        return found

    def types(self) -> list[str]:
        """Name the kinds of the events received so far."""
        return [event.type for event in self.events()]

    def wait_for(self, kind: str, times: int = 1) -> stripe.Event:
        """Wait until an event of this kind came so often, and give the last one."""
        wait_until(lambda: self.types().count(kind) >= times, f"{kind} in {self.types()}")
        return [event for event in self.events() if event.type == kind][-1]


class Guest:
    """Somebody with a browser that knows forms and redirects, but stops before the merchant's pages."""

    def __init__(self) -> None:
        """Open the browser."""
        self.page = httpx.Response(204)

    def opens(self, url: str) -> Self:
        """Go to a page of the sandbox."""
        self.page = httpx.get(url)
        return self

    def pays(self, card: str, expiry: str = FAR_FUTURE, cvc: str = "123", **other: str) -> Self:
        """Fill in the form and press Pay."""
        return self._sends({"card_number": card, "expiry": expiry, "cvc": cvc, **other})

    def authenticates(self, *, passes: bool) -> Self:
        """Press one of the bank's buttons."""
        return self._sends({"outcome": "complete" if passes else "fail"})

    def _sends(self, typed: dict[str, str]) -> Self:
        self.page = httpx.post(self.page.url, data=typed)
        while self.page.has_redirect_location and self.page.headers["location"].startswith("/"):
            self.page = httpx.get(self.page.url.join(self.page.headers["location"]))
        return self

    @property
    def text(self) -> str:
        """Read the page without its tags."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.page.text).split())

    @property
    def sent_to(self) -> str:
        """Name the merchant's page that the browser was sent to."""
        return self.page.headers["location"]


class StripeDesk:
    """The product's calls to Stripe; every object that comes back is checked against its type."""

    def __init__(self, client: stripe.StripeClient) -> None:
        """Use a client."""
        self.client = client

    def session(self, key: str | None = None, **changes: Any) -> stripe.checkout.Session:
        """Open a Checkout session as the product does."""
        ids = {"property": "ella", "reservation_id": "r-1", "payment_id": "p-1"}
        params: Any = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {"currency": "usd", "unit_amount": 36_000, "product_data": {"name": "Garden room, 3 nights"}},
                }
            ],
            "payment_intent_data": {
                "capture_method": "manual",
                "setup_future_usage": "off_session",
                "metadata": ids,
                "description": "Reservation r-1",
            },
            "customer_creation": "always",
            "customer_email": "guest@example.com",
            "metadata": ids,
            "expires_at": int(time.time()) + 31 * 60,
            "success_url": "http://hotel.test/paid?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://hotel.test/cancelled",
            "locale": "en",
            **changes,
        }
        options: Any = {"idempotency_key": key} if key else {}
        return checked(self.client.v1.checkout.sessions.create(params=params, options=options))

    def seen(self, session_id: str) -> stripe.checkout.Session:
        """Retrieve a session with its intent and charge, as the product observes it."""
        return checked(
            self.client.v1.checkout.sessions.retrieve(session_id, params={"expand": ["payment_intent.latest_charge"]})
        )

    def authorised(self, guest: Guest, card: str = "4242424242424242", **changes: Any) -> stripe.PaymentIntent:
        """Have a guest pay a new session and give its intent."""
        session = self.session(**changes)
        guest.opens(str(session.url)).pays(card)
        if "Complete authentication" in guest.text:
            guest.authenticates(passes=True)
        intent = self.seen(session.id).payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        return intent


def checked(value: Kind) -> Kind:
    """Check an object against the annotations of the pinned package and give it back."""
    wrong = misfits(value.to_dict())
    assert not wrong, wrong
    return value


def wait_until(condition: Callable[[], bool], what: str = "", seconds: float = 10) -> None:
    """Wait for something that happens in the background."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still waiting {what}"
        time.sleep(0.01)
