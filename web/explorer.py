"""GET /docs: the API as a page to read and to try. Every file of it is served from here, so it works without a network.

The page lists the operations by itself; a script, when its files are installed, makes that list the explorer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.templating import STATIC, templates

router = APIRouter(include_in_schema=False)
FILES = ("vendor/explorer/swagger-ui.css", "vendor/explorer/swagger-ui-bundle.js")


class Operation(NamedTuple):
    """What can be asked of an address."""

    method: str
    path: str
    summary: str


@router.get("/docs")
async def explorer(request: Request) -> Response:
    """Show what the API can do."""
    described = request.app.openapi()
    context = {
        "info": described["info"],
        "operations": list(operations(described)),
        "installed": all((STATIC / name).is_file() for name in FILES),
    }
    return templates.TemplateResponse(request, "explorer.html", context)


def operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    """List what a description describes, in its order."""
    for path, of_path in described["paths"].items():
        for method, operation in of_path.items():
            yield Operation(method.upper(), path, operation["summary"])
