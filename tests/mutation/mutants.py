"""What mutmut has made and what came of it, read from its folder: each mutant as the lines that differ, with its verdict.

mutmut numbers mutants within a function, so a number means another mutant after the next edit; the lines say what it is.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.mutation.text_only import Function, rule_of

NAME = re.compile(r"x(?:_|ǁ(?P<owner>\w+?)ǁ)(?P<name>\w+)__mutmut_(?P<number>orig|\d+)")
KILLED = {1: "killed", 3: "killed", -11: "killed", 24: "timeout", -24: "timeout", 36: "timeout", 152: "timeout", 255: "timeout"}
"""Exit codes of a mutant's tests: failed, crashed, or far beyond their usual time. Any other is taken for a survivor."""

CONTEXT = 30
"""Letters around a difference, at least, that tell where in its line it is."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One change to one function. `excluded` names the rule by which it does not count, where there is one."""

    file: str
    function: str
    was: str
    becomes: str
    verdict: str
    excluded: str | None

    @property
    def is_killed(self) -> bool:
        """Tell whether a test noticed the change."""
        return self.verdict != "survived"


def mutants_of(folder: Path) -> Iterator[Mutant]:
    """Read all mutants of a finished run from mutmut's folder, by file. Raises ValueError for one that was not tried."""
    for meta in sorted(folder.rglob("*.py.meta")):
        path = meta.with_suffix("")
        functions = _functions(ast.parse(path.read_text()))
        for name, exit_code in json.loads(meta.read_text())["exit_code_by_key"].items():
            if exit_code is None:
                message = f"{name} was not tried: run `make mutate` to its end"
                raise ValueError(message)
            mangled = name.rpartition(".")[2]
            was, becomes = functions[mangled.rpartition("_")[0] + "_orig"], functions[mangled]
            yield Mutant(
                path.relative_to(folder).as_posix(), _shown(mangled), *difference(was, becomes),
                KILLED.get(exit_code, "survived"), rule_of(was, becomes),
            )  # fmt: skip


def difference(was: Function, becomes: Function) -> tuple[str, str]:
    """Give the differing statements of two functions, before and after, cut to the place that differs."""
    before, after = (ast.unparse(ast.Module(function.body, [])).splitlines() for function in (was, becomes))
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "-+"]
    gone, come = (" ⏎ ".join(line[2:].strip() for line in changed if line[0] == sign) for sign in "-+")
    first = _alike(gone, come)
    alike = _alike(reversed(gone[first:]), reversed(come[first:]))
    return _cut(gone, first, alike), _cut(come, first, alike)


def _alike(line: Iterable[str], other: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(line, other, strict=False)))


def _cut(line: str, first: int, alike: int) -> str:
    """Cut a line to what lies between its `first` and its last `alike` letters, with some words around."""
    begin = line.rfind(" ", 0, max(0, first - CONTEXT)) + 1
    end = line.find(" ", len(line) - alike + CONTEXT)
    return ("… " if begin else "") + (line[begin:] if end < 0 else line[begin:end] + " …")


def _functions(tree: ast.Module) -> dict[str, Function]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, Function) and NAME.fullmatch(node.name)}


def _shown(mangled: str) -> str:
    found = NAME.fullmatch(mangled)
    assert found is not None, mangled
    return f"{found['owner']}.{found['name']}" if found["owner"] else found["name"]
