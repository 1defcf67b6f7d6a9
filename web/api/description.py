"""Finishes the description of the API (`/openapi.json`): who may call what, how it refuses, what fields mean, examples.

What a route and a command say of themselves comes from them; the words beyond that stand in description.toml, requests and
answers to learn from in examples.json. Nothing here decides anything.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from web.api.refusals import REFUSALS, SCHEMA, refusals_of
from web.doors import API

HERE = Path(__file__).parent
WORDS: Mapping[str, Any] = tomllib.loads((HERE / "description.toml").read_text(encoding="utf-8"))
EXAMPLES: Mapping[str, Mapping[str, Any]] = json.loads((HERE / "examples.json").read_text(encoding="utf-8"))
ANYONE, GUEST = "anyone", "guest"
SCHEMES = {
    "ApiKey": {"type": "http", "scheme": "bearer", "description": "An API key (`nl_…`) with the scopes that are named."},
    "ManageToken": {
        "type": "apiKey", "in": "header", "name": "Manage-Token",
        "description": "The last part of a reservation's `manage_url`; also taken as bearer or as `?token=`.",
    },
}  # fmt: skip
POSITION = {"Ledger-Position": {"description": "Position of the ledger that this shows", "schema": {"type": "integer"}}}
Json = MutableMapping[str, Any]


def operation_id(route: APIRoute) -> str:
    """Name an operation for programs: by its noun and the name of its function."""
    return f"{route.tags[0] if route.tags else 'page'}_{route.name}".replace("-", "_")


class Described(FastAPI):
    """An application whose description is finished when it is first asked for."""

    def openapi(self) -> dict[str, Any]:
        """Describe the API."""
        if self.openapi_schema is None:
            finish(super().openapi())
        return self.openapi_schema or {}


def finish(described: Json) -> None:
    """Add to a description what routes do not say."""
    described["info"] |= {"description": WORDS["text"], "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    described["tags"] = [{"name": name, "description": text} for name, text in WORDS["tags"].items()]
    components = described.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    components["responses"] = REFUSALS
    schemas = components.setdefault("schemas", {})
    for gone in ("HTTPValidationError", "ValidationError"):
        schemas.pop(gone, None)
    for name, schema in schemas.items():
        _explain(schema, name)
    schemas["Problem"] = SCHEMA
    for path, of_path in described["paths"].items():
        for method, operation in of_path.items():
            _finish_operation(operation, method, path)


def _finish_operation(operation: Json, method: str, path: str) -> None:
    name = operation["operationId"]
    callers = WORDS["callers"].get(name, [ANYONE])
    operation["summary"] = first_words(operation["description"])
    operation["security"] = list(security(callers))
    operation["parameters"] = [
        _parameter(each, operation) for each in operation.get("parameters", ()) if _is_told(each, callers)
    ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _explain(content["schema"], content["schema"].get("title", name))
    _show_examples(operation, EXAMPLES.get(name, {}), in_api=path.startswith(API))
    operation["responses"] = {
        **{status: answer for status, answer in operation["responses"].items() if status != "422"},
        **refusals_of(method, path, operation["responses"], takes_keys=callers != [ANYONE]),
    }


def first_words(text: str) -> str:
    """Give the first sentence of a description, up to its first colon or semicolon, without the end mark."""
    end = min((place for mark in (". ", ".\n", ": ", "; ", ".") if (place := text.find(mark)) > 0), default=len(text))
    return text[:end].replace("\n", " ")


def security(callers: list[str]) -> Iterator[dict[str, list[str]]]:
    """Say which tokens open an operation, any one of them."""
    scopes = [each for each in callers if each not in {ANYONE, GUEST}]
    if ANYONE in callers:
        yield {}
    if GUEST in callers:
        yield {"ManageToken": []}
    if ANYONE not in callers or scopes:
        yield {"ApiKey": scopes}


def _is_told(parameter: Json, callers: list[str]) -> bool:
    """Tell whether a parameter is worth a line: the manage token is a way to be let in, and only for guests."""
    return parameter["name"] != "Manage-Token" and (parameter["name"] != "token" or GUEST in callers)


def _parameter(parameter: Json, operation: Json) -> Json:
    """Describe a parameter: what is None when it is left out cannot be sent as null."""
    name, schema = parameter["name"], parameter["schema"]
    sent = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    kept = {key: value for key, value in schema.items() if key not in {"anyOf", "title", "description"}}
    told = {
        **parameter,
        "schema": {**(sent[0] if sent else {}), **kept},
        "description": meaning(name, operation["operationId"]),
    }
    if name == "Idempotency-Key":
        told["required"] = not any(each["name"] == "preview" for each in operation["parameters"])
    if name == "property_code":
        told["example"] = "ella"
    return told


def meaning(field: str, place: str) -> str:
    """Say what a field means, at a place where it means something of its own; nothing when there are no words for it."""
    fields: Mapping[str, str] = WORDS["fields"]
    return fields.get(f"{place}.{field}") or fields.get(field, "")


def _explain(schema: Any, place: str) -> None:
    """Say of every field below a schema what it means, and drop titles that only repeat its name."""
    if isinstance(schema, list):
        for each in schema:
            _explain(each, place)
    if not isinstance(schema, dict):
        return
    place = schema.get("title", place) if "properties" in schema else place
    for name, field in schema.get("properties", {}).items():
        field.pop("title", None)
        field["description"] = meaning(name, place)
        _explain(field, place)
    for key in ("items", "anyOf", "prefixItems"):
        _explain(schema.get(key), place)


def _show_examples(operation: Json, examples: Mapping[str, Any], *, in_api: bool) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "request" in examples:
            content["example"] = examples["request"]
    for status, answer in operation["responses"].items():
        if not status.startswith("2"):
            continue
        answer["description"] = "Done" if status == "201" or "requestBody" in operation else "What was asked for"
        if in_api:
            answer["headers"] = POSITION
        for content in answer.get("content", {}).values():
            content.get("schema", {}).pop("title", None)
            if "preview" in examples:
                content["examples"] = {name: {"value": examples[name]} for name in ("answer", "preview")}
            elif "answer" in examples:
                content["example"] = examples["answer"]
