"""The public face: every operation says who may call it and how it refuses, every field what it means, with examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from web.api.description import EXAMPLES, WORDS, first_words
from web.api.refusals import REFUSALS
from web.app import create_app
from web.house import House
from web.problems import STATUS

HOUSE = cast("House", SimpleNamespace(limits=None, settings=SimpleNamespace(checkout_origin="https://checkout.example")))
"""No desk, no ledger: to be described, an application needs to be put together only."""
DESCRIBED = create_app(HOUSE).openapi()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, of_path in DESCRIBED["paths"].items()
    for method, operation in of_path.items()
}
WITHOUT_EXAMPLE = {"health_livez", "health_metrics", "reservations_confirmation"}
"""What they answer is text or a file."""
BY_WORDS = "add it to web/api/description.toml"


def fields(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk through all fields below a schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for part in schema.values():
            yield from fields(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from fields(part)


def every_field() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """List parameters and fields: where, name, description."""
    for name, (_, _, operation) in OPERATIONS.items():
        yield from ((name, each["name"], each) for each in operation["parameters"])
        yield from ((name, field, each) for field, each in fields(operation.get("requestBody", {})))
    for name, schema in DESCRIBED["components"]["schemas"].items():
        yield from ((name, field, each) for field, each in fields(schema))


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """Give the schema of an operation's JSON body."""
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    sent = next((each for each in schema.get("anyOf", ()) if "$ref" in each), schema)
    place = sent.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = DESCRIBED["components"]["schemas"][place] if place else sent
    return found


def test_every_operation_says_who_may_call_it() -> None:
    assert OPERATIONS.keys() - WORDS["callers"].keys() == set(), BY_WORDS
    assert WORDS["callers"].keys() - OPERATIONS.keys() == set(), "no such operation any more"
    for name, (_, path, operation) in OPERATIONS.items():
        assert operation["security"], name
        assert operation["summary"][0].isupper(), name
        assert set(operation["tags"]) <= WORDS["tags"].keys(), (name, BY_WORDS)
        assert ("403" in operation["responses"]) == any("ApiKey" in way for way in operation["security"]), path


def test_every_tag_is_used() -> None:
    assert {tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]} == WORDS["tags"].keys()


def test_every_field_says_what_it_means() -> None:
    assert [(place, name) for place, name, field in every_field() if not field.get("description")] == [], BY_WORDS


def test_every_word_is_used() -> None:
    said = {field["description"] for _, _, field in every_field()}
    assert {name for name, text in WORDS["fields"].items() if text not in said} == set(), "no such field any more"


@pytest.mark.parametrize("name", OPERATIONS)
def test_how_it_refuses(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    refused = {status for status in operation["responses"] if status >= "400"}
    if path.startswith("/api/"):
        assert refused >= {"401", "404", "422", "429", "503"}
        assert ("400" in refused) == (method != "get")
        assert ("409" in refused) == (method != "get")
        assert "Ledger-Position" in next(iter(operation["responses"].values()))["headers"]
    assert "HTTPValidationError" not in json.dumps(operation)


def test_examples_of_refusals_are_true() -> None:
    for name, refusal in REFUSALS.items():
        example = refusal["content"]["application/problem+json"]["example"]
        own = {"unavailable": 503, "http.400": 400}
        assert example["status"] == own.get(example["code"]) or example["status"] == STATUS.get(example["code"], 409), name
    refers = {part.split('"')[0] for part in json.dumps(DESCRIBED).split('"$ref": "#/components/')[1:]}
    assert refers
    for place in refers:
        kind, _, name = place.partition("/")
        assert name in DESCRIBED["components"][kind], place


def test_every_operation_has_examples() -> None:
    assert EXAMPLES.keys() - OPERATIONS.keys() == set(), "no such operation any more"
    for name, (_, path, operation) in OPERATIONS.items():
        content = next(iter(operation["responses"].values()))["content"]
        shown = any("example" in each or "examples" in each for each in content.values())
        assert shown or name in WITHOUT_EXAMPLE or path.startswith("/webhooks/"), f"{name}: add it to web/api/examples.json"


@pytest.mark.parametrize("name", [name for name, shown in EXAMPLES.items() if isinstance(shown.get("request"), dict)])
def test_an_example_of_a_request_fits_its_description(name: str) -> None:
    body, example = body_of(OPERATIONS[name][2]), EXAMPLES[name]["request"]
    assert example.keys() <= body["properties"].keys()
    assert set(body.get("required", ())) <= example.keys()


def test_every_write_wants_a_key_and_a_preview_none() -> None:
    for name, (method, path, operation) in OPERATIONS.items():
        parameters = {each["name"]: each for each in operation["parameters"]}
        if method == "get" or not path.startswith("/api/"):
            assert "Idempotency-Key" not in parameters, name
        else:
            assert parameters["Idempotency-Key"]["required"] == ("preview" not in parameters), name


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Hold rooms. 409 `sold_out`.", "Hold rooms"), ("Tell all: state, rooms.", "Tell all"), ("Hold rooms.", "Hold rooms"),
        ("Cancel it; with `?preview=true` only tell.", "Cancel it"), ("Two\nlines here.\n\nMore.", "Two lines here"),
        ("No end", "No end"),
    ],
)  # fmt: skip
def test_a_summary_is_the_first_words(text: str, summary: str) -> None:
    assert first_words(text) == summary
