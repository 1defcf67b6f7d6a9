"""What import-linter cannot see: whose `queries` Python finds, and what readers take from an aggregate.

The table of allowed imports itself is in pyproject.toml, checked by `make arch`.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from ledger.event import Event

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "aggregates", "commands", "projections", "queries", "sagas", "web", "ops", "tests")
READERS = ("projections", "sagas")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_ours_also_from_another_directory(package: str, tmp_path: Path) -> None:
    """Such common names could be anybody's; the installed project must win wherever Python is started."""
    question = f"import {package}; print(list({package}.__path__)[0])"
    answer = subprocess.run([sys.executable, "-c", question], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == str(ROOT / package), answer.stderr


def foreign_uses(text: str) -> Iterator[str]:
    """Yield each use of something of `aggregates` in a module's `text` that is not an event class."""
    tree = ast.parse(text)
    imported: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aggregates":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                imported[alias.asname or alias.name] = getattr(module, alias.name)
        elif isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "aggregates" for alias in node.names):
            yield f"{node.lineno}: import {node.names[0].name}: import the aggregate by name (from … import …)"
    yield from _uses_of(imported, tree)


def _uses_of(imported: dict[str, object], tree: ast.Module) -> Iterator[str]:
    reached_through = {id(node.value): node for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in imported and not _is_event(imported[node.id]):
            access = reached_through.get(id(node))
            used = getattr(imported[node.id], access.attr, None) if access else None
            if not _is_event(used):
                shown = ast.unparse(access or node)
                yield f"{node.lineno}: {shown}: readers know event classes only; ask a query, or put it into the event"


def _is_event(thing: object) -> bool:
    """Tell whether `thing` is an event class, or a frozen value that events carry; both only say what happened."""
    return isinstance(thing, type) and (
        issubclass(thing, Event) or (issubclass(thing, Struct) and thing.__struct_config__.frozen)
    )


@pytest.mark.parametrize("package", READERS)
def test_readers_use_only_event_classes_of_aggregates(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    said = [f"{file.relative_to(ROOT)}:{use}" for file in files for use in foreign_uses(file.read_text())]
    assert files
    assert said == []


@pytest.mark.parametrize(
    "use",
    [
        "from aggregates.room_night import RoomNight\nRoomNight.stream('x')",
        "from aggregates.room_night import RoomNight\nnight = RoomNight()",
        "from aggregates.room_night import RoomNight as Night\nraise Night.Taken",
        "import aggregates.room_night",
    ],
)
def test_a_foreign_use_is_reported(use: str) -> None:
    assert list(foreign_uses(use))


def test_event_classes_are_no_foreign_use() -> None:
    assert list(foreign_uses("from aggregates.room_night import RoomNight\nRoomNight.HoldRequested")) == []
