"""A sandbox on a free port in a thread, a receiver of its webhooks, and the vendors' real clients pointed at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe
from sendgrid import SendGridAPIClient

from tests.integration.sandbox.actors import Guest, Receiver, RunningSandbox, StripeDesk


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a product that records every webhook and answers 200 unless told otherwise."""
    with Receiver() as listening:
        yield listening


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[RunningSandbox]:
    """Give a running sandbox whose webhooks go to the receiver, undisturbed."""
    with RunningSandbox(tmp_path / "sandbox.sqlite", receiver.url) as running:
        running.post("/webhooks", {"off": True})
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> stripe.StripeClient:
    """Give Stripe's real client, pointed at the sandbox."""
    return sandbox.stripe_client()


@pytest.fixture
def desk(client: stripe.StripeClient) -> StripeDesk:
    """Give the product's side of a payment, which checks every answer against the pinned types."""
    return StripeDesk(client)


@pytest.fixture
def guest() -> Guest:
    """Give somebody with a browser without JavaScript."""
    return Guest()


@pytest.fixture
def mailer(sandbox: RunningSandbox) -> SendGridAPIClient:
    """Give SendGrid's real client, pointed at the sandbox."""
    return SendGridAPIClient("SG.sandbox", host=sandbox.url)
