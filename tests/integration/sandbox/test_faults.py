"""Faults on request: refused, broken, late and lost requests, as Stripe's and SendGrid's real clients see them."""

import time

import httpx
import pytest
import stripe

from tests.integration.sandbox.actors import RunningSandbox, StripeDesk

CUSTOMERS = "/v1/customers"


def impatient(sandbox: RunningSandbox) -> stripe.StripeClient:
    """Give a client that never tries again and waits half a second for an answer."""
    return stripe.StripeClient(
        "sk_test_1",
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(3, 0.5)),
    )


def test_rate_limit_and_server_errors_come_so_often_and_only_where_asked(sandbox: RunningSandbox) -> None:
    client = impatient(sandbox)
    sandbox.post("/faults", {"action": "rate_limit", "path": CUSTOMERS, "method": "POST"})
    sandbox.post("/faults", {"action": "server_error", "status": 503, "path": CUSTOMERS, "times": 2})
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.create(params={})
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            client.v1.customers.list()
        assert broken.value.http_status == 503
    assert client.v1.customers.list().data == []
    assert sandbox.get("/faults") == []


@pytest.mark.parametrize("action", ["timeout", "drop"])
@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_lost_answers_before_and_after_applying(action: str, when: str, made: int, sandbox: RunningSandbox) -> None:
    client = impatient(sandbox)
    sandbox.post("/faults", {"action": action, "when": when, "path": CUSTOMERS})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create(params={}, options={"idempotency_key": "k"})
    assert len(client.v1.customers.list().data) == made
    first = client.v1.customers.create(params={}, options={"idempotency_key": "k"})
    assert [customer.id for customer in client.v1.customers.list().data] == [first.id]


def test_the_real_client_survives_a_dropped_answer_by_its_own_retry(sandbox: RunningSandbox) -> None:
    desk = StripeDesk(sandbox.stripe_client(max_network_retries=2))
    sandbox.post("/faults", {"action": "drop", "when": "after", "path": "/v1/checkout/sessions"})
    session = desk.session("k-1")
    assert [found.id for found in desk.client.v1.checkout.sessions.list().data] == [session.id]


def test_delay_answers_late(sandbox: RunningSandbox) -> None:
    sandbox.post("/faults", {"action": "delay", "seconds": 0.2, "path": CUSTOMERS})
    start = time.monotonic()
    impatient(sandbox).v1.customers.list()
    assert time.monotonic() - start >= 0.2


def test_faults_can_be_taken_back_and_wrong_ones_are_refused(sandbox: RunningSandbox) -> None:
    sandbox.post("/faults", {"action": "drop"})
    assert httpx.delete(f"{sandbox.url}/faults").status_code == 204
    assert sandbox.get("/faults") == []
    for wrong in ({"action": "explode"}, {"action": "drop", "times": 0}, {"action": "drop", "pth": "x"}):
        assert httpx.post(f"{sandbox.url}/faults", json=wrong).status_code == 422


def test_clock_moves_and_tells_the_product(sandbox: RunningSandbox) -> None:
    assert sandbox.post("/clock", {"offset_seconds": 100})["offset_seconds"] == 100
    moved = sandbox.post("/clock", {"advance_seconds": 50})
    assert (moved["offset_seconds"], moved["told"]) == (150, [])
    assert abs(moved["now"] - 150 - time.time()) < 3


def test_index_and_inbox_are_pages(sandbox: RunningSandbox, desk: StripeDesk) -> None:
    desk.session()
    for path in ("/", "/mail"):
        page = httpx.get(sandbox.url + path)
        assert page.headers["content-type"].startswith("text/html")
        assert "script-src" not in page.headers["content-security-policy"]
    assert sandbox.get("/livez") == {"status": "ok"}
