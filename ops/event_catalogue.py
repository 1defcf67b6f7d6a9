"""Writes the event catalogue `docs/events.md` from the event classes: `python -m ops.event_catalogue > docs/events.md`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import fields

from ledger.catalogue import Aggregate, events_of
from ledger.event import Event
from ops.catalogue import AGGREGATES

HEADER = """# Events

Every event that the ledger can hold, by its stored topic. A topic never changes; a new meaning is a new version. Fields marked
*personal* are encrypted under the guest's own key. Amounts are integer minor units with a currency; dates are the property's,
instants are UTC. Made from the code by `make docs`; a test fails when it is stale.
"""


def catalogue() -> Iterator[str]:
    """Give the lines of the page."""
    yield from HEADER.splitlines()
    for aggregate in AGGREGATES:
        yield from _of_aggregate(aggregate)


def _of_aggregate(aggregate: type[Aggregate]) -> Iterator[str]:
    yield ""
    yield f"## {aggregate.__name__}"
    yield ""
    yield _first_line(sys.modules[aggregate.__module__])
    for event in events_of(aggregate):
        yield ""
        yield f"### `{event.topic}`"
        yield ""
        yield f"{_first_line(event)}"
        yield ""
        yield "| field | type |"
        yield "|---|---|"
        for field in fields(event):
            personal = " (*personal*)" if "Sealed" in str(field.type) else ""
            yield f"| `{field.name}` | {_type_name(event, field.name)}{personal} |"


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")


def _type_name(event: type[Event | Struct], name: str) -> str:
    """Write a field's annotation as it stands in the code, without module names."""
    annotation = event.__annotations__[name]
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return re.sub(r"\b[a-z_]+\.", "", text).replace("|", "or")


if __name__ == "__main__":
    sys.stdout.write("\n".join(catalogue()) + "\n")
