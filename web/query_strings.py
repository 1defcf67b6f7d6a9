"""Reads a query string as a model, in one go; the framework checks each parameter by itself, which a search would feel."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def read_query(request: Request, model: type[Model]) -> Model:
    """Give the parameters of a request; those that the model does not know are left aside. Raises RequestValidationError."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as wrong:
        raise RequestValidationError(wrong.errors()) from None


def described(model: type[BaseModel]) -> dict[str, Any]:
    """Describe the parameters for the API's readers, as `openapi_extra` of a route."""
    schema = model.model_json_schema()
    needed = schema.get("required", ())
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in needed, "schema": rule}
            for name, rule in schema["properties"].items()
        ]
    }
