"""Who writes an event and who reads it, read out of the code: commands by what they build, readers by what they match.

Nothing is imported for it but the aggregates; a call counts for the aggregates that its file knows.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from ledger.catalogue import Aggregate, events_of

ROOT = Path(__file__).resolve().parent.parent
READERS = ("projections", "sagas")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Flow:
    """What the code says about the topics of some aggregates."""

    def __init__(self, aggregates: Iterable[type[Aggregate]]) -> None:
        self._aggregates = {aggregate.__name__: aggregate for aggregate in aggregates}
        self._topics = {
            (name, event.__name__): event.topic for name, kind in self._aggregates.items() for event in events_of(kind)
        }

    @cached_property
    def written_by(self) -> Mapping[str, list[str]]:
        """Name, by topic, the commands that may write it, sorted."""
        files = {path.stem: _File(path, self) for path in sorted((ROOT / "commands").glob("*.py"))}
        found: dict[str, set[str]] = defaultdict(set)
        for file in files.values():
            for command in file.commands:
                for topic in file.written(files):
                    found[topic].add(command)
        return {topic: sorted(commands) for topic, commands in found.items()}

    @cached_property
    def read_by(self) -> Mapping[str, list[str]]:
        """Name, by topic, the files that match on it, as folder/noun, sorted."""
        found: dict[str, set[str]] = defaultdict(set)
        for folder in READERS:
            for path in sorted((ROOT / folder).rglob("*.py")):
                for topic in self.named(ast.parse(path.read_text("utf-8"))):
                    found[topic].add(path.relative_to(ROOT).with_suffix("").as_posix())
        return {topic: sorted(files) for topic, files in found.items()}

    def named(self, tree: ast.AST) -> set[str]:
        """Give the topics of the event classes that stand somewhere in a piece of code, as `Aggregate.Event`."""
        return self._topics_of(node for node in ast.walk(tree) if isinstance(node, ast.Attribute))

    def built(self, tree: ast.AST) -> set[str]:
        """Give the topics of the events that a piece of code builds, as `Aggregate.Event(…)`."""
        return self._topics_of(_calls(tree))

    def _topics_of(self, attributes: Iterable[ast.Attribute]) -> set[str]:
        pairs = ((_last(node.value), node.attr) for node in attributes)
        return {self._topics[pair] for pair in pairs if pair in self._topics}

    @cached_property
    def methods(self) -> Mapping[str, Mapping[str, set[str]]]:
        """Give, by aggregate and method, the topics of the events that the method builds, itself or through others."""
        return {name: self._methods_of(kind) for name, kind in self._aggregates.items()}

    def _methods_of(self, kind: type[Aggregate]) -> Mapping[str, set[str]]:
        tree = ast.parse((ROOT / f"{kind.__module__.replace('.', '/')}.py").read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, Function) and node.name != "apply"]
        built = {function.name: self.built(function) for function in functions}
        for _ in functions:
            for function in functions:
                for called in _calls(function):
                    built[function.name] |= built.get(called.attr, set())
        return built


class _File:
    """One file of `commands/`."""

    def __init__(self, path: Path, flow: Flow) -> None:
        self._flow = flow
        self._tree = ast.parse(path.read_text("utf-8"))
        imports = [node for node in ast.walk(self._tree) if isinstance(node, ast.ImportFrom)]
        self._from_neighbours = {
            alias.name: (node.module or "").removeprefix("commands.")
            for node in imports
            if (node.module or "").startswith("commands.")
            for alias in node.names
        }
        self._known = [alias.name for node in imports for alias in node.names if alias.name in flow.methods]
        self.functions = {node.name: node for node in ast.walk(self._tree) if isinstance(node, Function)}
        bases = {node.name: [_last(base) for base in node.bases] for node in self._tree.body if isinstance(node, ast.ClassDef)}
        self.commands = [name for name, above in bases.items() if "Command" in above]
        self._kinds = self._kinds_of_names()

    def written(self, files: Mapping[str, _File]) -> set[str]:
        """Give the topics that the file's own code writes, with what it calls of its neighbours, however far."""
        return self._reached(self._tree, files, set())

    def _reached(self, tree: ast.AST, files: Mapping[str, _File], seen: set[tuple[_File, str]]) -> set[str]:
        topics = self.of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                file = files[self._from_neighbours[node.id]] if node.id in self._from_neighbours else self
                if node.id in file.functions and (file, node.id) not in seen:
                    seen.add((file, node.id))
                    topics |= file._reached(file.functions[node.id], files, seen)  # noqa: SLF001 - of the same class
        return topics

    def of(self, tree: ast.AST) -> set[str]:
        """Give the topics that a piece of the file's code writes by itself."""
        topics = self._flow.built(tree)
        for called in _calls(tree):
            for kind in self._receivers(called.value):
                topics |= self._flow.methods[kind].get(called.attr, set())
        return topics

    def _receivers(self, value: ast.expr) -> list[str]:
        """Say what a method is called on: what `known.get(Kind, …)` gave, what is annotated, or any aggregate of the file."""
        if isinstance(value, ast.Call):
            return [kind for kind in map(_last, value.args[:1]) if kind in self._flow.methods]
        return self._kinds.get(_last(value), self._known)

    def _kinds_of_names(self) -> dict[str, list[str]]:
        kinds: dict[str, list[str]] = {}
        for node in ast.walk(self._tree):
            match node:
                case ast.arg(arg=name, annotation=annotation) if annotation is not None:
                    kinds[name] = [_last(annotation)] if _last(annotation) in self._flow.methods else []
                case ast.Assign(targets=[target], value=ast.Call(func=ast.Attribute(attr="get"), args=[kind, *_])):
                    kinds[_last(target)] = [_last(kind)] if _last(kind) in self._flow.methods else []
        return kinds


def _calls(tree: ast.AST) -> Iterator[ast.Attribute]:
    return (node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))


def _last(node: ast.expr) -> str:
    """Give the last name of `a.b.c`; nothing of anything else."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
