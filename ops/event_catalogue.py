"""Writes the event catalogue `docs/events.md`: `python -m ops.event_catalogue > docs/events.md`.

Types come from the event classes, meanings from `ops/field_meanings.toml`, writers and readers from the code itself.
"""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from ledger.catalogue import Aggregate, events_of
from ledger.event import Event
from ops.catalogue import AGGREGATES, UPCASTS
from ops.event_flow import Flow

EVERYWHERE = "everywhere"
HEADER = """# Events

Every event that the ledger can hold, by its stored topic. A topic never changes; a new meaning is a new version, and what is
stored under an older one is read through an upcast. Fields marked *personal* are encrypted under a key of the guest's own.
Amounts are integer minor units with a currency; dates are the property's; instants (datetime) are UTC.

Around every event the ledger keeps its position, its stream and version there, when it occurred and was recorded, the command
and its place in it, the conversation, the position of its cause, who acted, and the business date.

Made from the code by `make docs`; a test fails when it is stale.
"""


def catalogue() -> Iterator[str]:
    """Give the lines of the page."""
    yield from HEADER.splitlines()
    flow = Flow(AGGREGATES)
    for aggregate in AGGREGATES:
        yield from _of_aggregate(aggregate, flow)
    yield from _older()
    yield from ("", "## Values", "", "What fields of events are made of.")
    for value in sorted(values_of_events(), key=lambda each: each.__name__):
        yield from ("", f"### {value.__name__}", "", _first_line(value), "")
        yield from _table(value, value.__name__)


def _of_aggregate(aggregate: type[Aggregate], flow: Flow) -> Iterator[str]:
    yield from ("", f"## {aggregate.__name__}", "", _first_line(sys.modules[aggregate.__module__]))
    for event in events_of(aggregate):
        yield from ("", f"### `{event.topic}`", "", f"Version {version(event.topic)}. {_first_line(event)}", "")
        yield from _table(event, event.topic)
        if fields(event):
            yield ""
        writers, readers = flow.written_by.get(event.topic, []), flow.read_by.get(event.topic, [])
        yield f"Written by {_listed(writers)}. Read by {_listed(readers)}."


def _older() -> Iterator[str]:
    if UPCASTS:
        yield from ("", "## Older forms", "", "Not written any more, but still read.", "", "| topic | read as |", "|---|---|")
        yield from (f"| `{upcast.old.topic}` | `{upcast.new.topic}` |" for upcast in UPCASTS)


def _table(kind: type[Struct], place: str) -> Iterator[str]:
    if fields(kind):
        yield from ("| field | type | meaning |", "|---|---|---|")
    for field in fields(kind):
        personal = "*personal*: " if _is_personal(field) else ""
        yield f"| `{field.name}` | {_type_name(kind, field)} | {personal}{meaning(place, field.name)} |"


def version(topic: str) -> int:
    """Give the version that a topic ends with."""
    return int(topic.rpartition(".v")[2])


def meaning(place: str, name: str) -> str:
    """Say what a field of an event (by topic) or value (by name) means. Raises KeyError when nobody has said it."""
    said = meanings()
    return said.get(place, {}).get(name) or said[EVERYWHERE][name]


@cache
def meanings() -> Mapping[str, Mapping[str, str]]:
    """Read what fields mean, by place and name."""
    return tomllib.loads((Path(__file__).parent / "field_meanings.toml").read_text("utf-8"))


def values_of_events() -> set[type[Struct]]:
    """Give all values that events are made of, those inside others, too."""
    found: set[type[Struct]] = set()
    waiting: list[Any] = [event for aggregate in AGGREGATES for event in events_of(aggregate)]
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, Struct) and kind not in found:
            waiting += [field.type for field in fields(kind)]
            if not issubclass(kind, Event):
                found.add(kind)
    return found


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")


def _is_personal(field: FieldInfo) -> bool:
    return "Sealed" in str(field.type)


def _type_name(kind: type[Struct], field: FieldInfo) -> str:
    """Write a field's annotation as it stands in the code, with the words of a choice, links to values and the default."""
    hint = get_type_hints(kind)[field.name]
    text = str(kind.__annotations__[field.name])
    if get_origin(hint) is Literal:
        text = " or ".join(str(word) for word in get_args(hint))
    text = re.sub(r"tuple\[(.+), \.\.\.\]", r"list of \1", text)
    for value in values_of_events():
        text = re.sub(rf"\b{value.__name__}\b", f"[{value.__name__}](#{value.__name__.lower()})", text)
    optional = "" if field.default is NODEFAULT else ", optional"
    return text.replace(" | None", " or none").replace(" | ", " or ") + optional


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nobody"


if __name__ == "__main__":
    sys.stdout.write("\n".join(catalogue()) + "\n")
