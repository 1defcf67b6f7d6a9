"""Idempotency keys as Stripe documents them, and the answers to wrong keys, seen by Stripe's real client."""

import threading
from typing import Any

import httpx
import pytest
import stripe

from tests.integration.sandbox.actors import Guest, RunningSandbox, StripeDesk, wait_until

KEY = {"Authorization": "Bearer sk_test_1", "Idempotency-Key": "k-1"}


def test_same_key_and_parameters_give_the_first_answer(desk: StripeDesk) -> None:
    first = desk.session("k-1", expires_at="")
    again = desk.session("k-1", expires_at="")
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(desk.client.v1.checkout.sessions.list().data) == 1


def test_same_key_with_other_parameters_is_refused(desk: StripeDesk) -> None:
    desk.session("k-1", expires_at="")
    with pytest.raises(stripe.IdempotencyError) as refused:
        desk.session("k-1", expires_at="", locale="de")
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        desk.client.v1.customers.create(params={}, options={"idempotency_key": "k-1"})


def test_a_decline_is_kept_under_its_key(desk: StripeDesk) -> None:
    ids = set()
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            desk.client.v1.payment_intents.create(
                params={"amount": 500, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True},
                options={"idempotency_key": "k-1"},
            )
        assert refused.value.error is not None
        assert refused.value.error.payment_intent is not None
        ids.add(refused.value.error.payment_intent.id)
    assert len(ids) == 1


def test_a_500_while_executing_is_kept_and_changes_nothing(sandbox: RunningSandbox, desk: StripeDesk) -> None:
    sandbox.post("/faults", {"action": "server_error", "when": "during", "path": "/v1/customers"})
    answers = [httpx.post(f"{sandbox.url}/v1/customers", headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert desk.client.v1.customers.list().data == []


def test_a_refused_parameter_is_not_kept(desk: StripeDesk) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        desk.session("k-1", expires_at="", mode="setup")
    assert desk.session("k-1", expires_at="").status == "open"


def test_a_second_request_while_the_first_runs_is_told_so(sandbox: RunningSandbox) -> None:
    sandbox.post("/faults", {"action": "delay", "seconds": 0.5, "path": "/v1/customers"})
    answers: list[httpx.Response] = []
    first = threading.Thread(target=lambda: answers.append(httpx.post(f"{sandbox.url}/v1/customers", headers=KEY)))
    first.start()
    wait_until(lambda: sandbox.get("/faults") == [])
    second = httpx.post(f"{sandbox.url}/v1/customers", headers=KEY)
    first.join()
    assert (second.status_code, second.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    third = httpx.post(f"{sandbox.url}/v1/customers", headers=KEY)
    assert third.json() == answers[0].json()


def test_keys_are_forgotten_after_a_day(sandbox: RunningSandbox, desk: StripeDesk) -> None:
    first = desk.session("k-1", expires_at="")
    sandbox.post("/clock", {"advance_seconds": 86_399 - 5})
    assert desk.session("k-1", expires_at="").id == first.id
    sandbox.post("/clock", {"advance_seconds": 10})
    assert desk.session("k-1", expires_at="").id != first.id


@pytest.mark.parametrize("key", ["sk_live_1", "pk_test_1", "nonsense"])
def test_only_test_keys_are_let_in(key: str, sandbox: RunningSandbox) -> None:
    client = stripe.StripeClient(key, base_addresses={"api": sandbox.url})
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        client.v1.customers.list()
    assert httpx.get(f"{sandbox.url}/v1/customers").status_code == 401


def test_unknown_objects_urls_and_expansions_are_named(desk: StripeDesk, sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent: 'pi_none'") as refused:
        desk.client.v1.payment_intents.retrieve("pi_none")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert str(refused.value.request_id).startswith("req_")
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        desk.client.v1.checkout.sessions.retrieve(desk.session().id, params={"expand": ["nothing"]})
    answer = httpx.get(f"{sandbox.url}/v1/nothing", headers=KEY)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


@pytest.mark.parametrize(
    ("edge", "distance", "found"),
    [("gte", 0, 1), ("gte", 1, 0), ("gt", -1, 1), ("gt", 0, 0), ("lte", 0, 1), ("lte", -1, 0), ("lt", 1, 1), ("lt", 0, 0)],
)
def test_created_windows_are_exact(edge: str, distance: int, found: int, desk: StripeDesk) -> None:
    made = desk.client.v1.customers.create(params={})
    window: Any = {edge: made.created + distance}
    assert len(desk.client.v1.customers.list(params={"created": window}).data) == found


def test_pages_forwards_and_backwards(desk: StripeDesk) -> None:
    customers = desk.client.v1.customers
    ids = [customers.create(params={"name": str(number)}).id for number in range(5)][::-1]
    after = customers.list(params={"limit": 2, "starting_after": ids[1]})
    assert ([each.id for each in after.data], after.has_more) == (ids[2:4], True)
    before = customers.list(params={"limit": 2, "ending_before": ids[3]})
    assert ([each.id for each in before.data], before.has_more) == (ids[1:3], True)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        customers.list(params={"starting_after": "cus_none"})


def test_expands_line_items_and_lists(desk: StripeDesk, guest: Guest) -> None:
    intent = desk.authorised(guest)
    sessions = desk.client.v1.checkout.sessions
    listed = sessions.list(params={"payment_intent": intent.id, "expand": ["data.payment_intent.customer"]}).data[0]
    assert isinstance(listed.payment_intent, stripe.PaymentIntent)
    assert isinstance(listed.payment_intent.customer, stripe.Customer)
    seen = sessions.retrieve(listed.id, params={"expand": ["line_items"]})
    assert seen.line_items is not None
    assert seen.line_items.data[0].amount_total == 36_000
    assert sessions.line_items.list(listed.id).data[0].description == "Garden room, 3 nights"
