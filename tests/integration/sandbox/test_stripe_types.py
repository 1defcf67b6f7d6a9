"""Tests of the checker itself: what it must refuse, and that Stripe's own example objects pass."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ops.sandbox import stripe_objects
from ops.sandbox.cards import card_of
from tests.stripe_types import misfits

OFFICIAL = Path(__file__).parent / "official_objects.json"
"""Stripe's published example objects (resources of its OpenAPI fixtures) of the kinds that the sandbox answers."""
KNOWN_DRIFT = {
    "dispute": ["dispute.evidence_details.submission_method: required field is missing"],
    "event": ["event.data.object.aggregate_usage: unknown field"],
}
"""Where the examples lag behind the pinned package."""


def intent() -> dict[str, Any]:
    """Give a correct object to damage."""
    return copy.deepcopy(stripe_objects.payment_intent(1, 500, "usd"))


@pytest.mark.parametrize("kind", sorted(json.loads(OFFICIAL.read_text())))
def test_official_examples_fit(kind: str) -> None:
    assert misfits(json.loads(OFFICIAL.read_text())[kind]) == KNOWN_DRIFT.get(kind, [])


def test_a_correct_object_fits() -> None:
    assert misfits(intent()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "500"),
        ("amount", 5.0),
        ("amount", True),
        ("amount", None),
        ("currency", 1),
        ("livemode", 0),
        ("metadata", {"a": 1}),
        ("metadata", []),
        ("payment_method_types", ["card", 1]),
        ("payment_method_types", "card"),
        ("status", "paid"),
        ("capture_method", "later"),
        ("latest_charge", 3),
        ("next_action", "redirect"),
        ("latest_charge", {"object": "refund", "id": "re_1"}),
    ],
)
def test_a_wrong_type_is_found(name: str, value: object) -> None:
    found = misfits(intent() | {name: value})
    assert found
    assert all(line.startswith(f"payment_intent.{name}") for line in found)


@pytest.mark.parametrize("name", ["amount", "id", "status", "metadata", "created"])
def test_a_missing_required_field_is_found(name: str) -> None:
    damaged = intent()
    del damaged[name]
    assert misfits(damaged) == [f"payment_intent.{name}: required field is missing"]


def test_an_unknown_field_is_found_at_any_depth() -> None:
    card = intent()
    card["payment_method_options"]["card"]["surprise"] = 1
    assert misfits(card) == ["payment_intent.payment_method_options.card.surprise: unknown field"]
    assert misfits(intent() | {"surprise": 1}) == ["payment_intent.surprise: unknown field"]


def test_looks_into_expanded_objects_lists_and_events() -> None:
    method = stripe_objects.payment_method(1, card_of("4242424242424242"), 12, 2034, None)
    charge = stripe_objects.charge(1, intent(), method) | {"amount": "500"}
    assert misfits(intent() | {"latest_charge": charge}) == ["payment_intent.latest_charge.amount: '500' is not <class 'int'>"]
    page = {"object": "list", "data": [charge], "has_more": False, "url": "/v1/charges"}
    assert misfits(page) == ["list.data[0].amount: '500' is not <class 'int'>"]
    assert misfits(page | {"data": [], "has_more": None}) == ["list.has_more: expected bool"]
    event = {
        "object": "event",
        "id": "evt_1",
        "created": 1,
        "livemode": False,
        "pending_webhooks": 0,
        "type": "charge.succeeded",
        "data": {"object": charge},
    }
    assert misfits(event) == ["event.data.object.amount: '500' is not <class 'int'>"]
    assert misfits({"object": "surprise"}) == ["surprise: unknown kind of object 'surprise'"]
    assert misfits("text") == ["value: is not an API object"]
