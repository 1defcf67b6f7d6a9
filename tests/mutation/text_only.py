"""Which mutants do not count: those that change nothing but words. Each rule is a named value; the report lists them.

A rule is decided on the syntax trees before and after, so it holds for killed mutants just as for survivors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

MESSAGE_NAMES = {"message", "msg"}
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|PRAGMA|COPY|WHERE|ORDER BY|UNION|LIMIT|BEGIN|COMMIT|ASC|DESC)\b")
"""How the text of a statement, or of a part of one, begins."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Rule:
    """Says in which `places` of a node there are only words, and whether what stands `instead` may be ignored."""

    name: str
    places: Callable[[ast.AST], Iterable[ast.AST]]
    ignores: Callable[[ast.AST, ast.AST], bool]


def rule_of(was: Function, becomes: Function) -> str | None:
    """Name the rule by which a mutant does not count, or give None when it does."""
    return next((rule.name for rule in RULES if _same(was.body, becomes.body, rule, frozenset())), None)


def _same(was: Any, becomes: Any, rule: Rule, words: frozenset[int]) -> bool:
    """Compare two trees, and leave the judgment to the rule in the places (by identity) that it named."""
    if isinstance(was, ast.AST):
        words |= {id(place) for place in rule.places(was)}
    if id(was) in words and isinstance(becomes, ast.AST):
        return rule.ignores(was, becomes)
    if type(was) is not type(becomes):
        return False
    if isinstance(was, list):
        return len(was) == len(becomes) and all(_same(*pair, rule, words) for pair in zip(was, becomes, strict=True))
    if isinstance(was, ast.AST):
        return all(_same(getattr(was, name), getattr(becomes, name), rule, words) for name in was._fields)
    return bool(was == becomes)


def _messages(node: ast.AST) -> Iterable[ast.AST]:
    """What an exception is made with first, what its own class calls its base with, what is assigned to `message`.

    Refusals that are made without being raised go through `refused(…)`.
    """
    match node:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name.endswith(("Error", "Unavailable")) and _is_text(first):
            return [first]
        case ast.Call(func=ast.Name(id="refused"), args=[ast.Call(args=[first, *_])]) if _is_text(first):
            return [first]
        case ast.Raise(exc=ast.Call(args=[first, *_])) if _is_text(first):
            return [first]
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))), args=[first, *_]) if _is_text(first):
            return [first]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in MESSAGE_NAMES and _is_text(value):
            return [value]
        case _:
            return []


def _log_lines(node: ast.AST) -> Iterable[ast.AST]:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="logger")))):
            return [node.value]
        case _:
            return []


def _statements(node: ast.AST) -> Iterable[ast.AST]:
    match node:
        case ast.Constant(value=str(text)) if SQL.match(text):
            return [node]
        case _:
            return []


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Name(id=name):
            return name in MESSAGE_NAMES
        case ast.BinOp(left=left, op=ast.Add()):
            return _is_text(left)
        case _:
            return False


def _differ_in_letter_case(was: ast.AST, becomes: ast.AST) -> bool:
    return ast.unparse(was).lower() == ast.unparse(becomes).lower()


RULES = (
    Rule("changes only the text of a message that is raised", _messages, lambda was, becomes: True),  # noqa: ARG005 - of a rule
    Rule("changes only what a log line says", _log_lines, lambda was, becomes: True),  # noqa: ARG005 - of a rule
    Rule("changes only the case of letters in SQL text", _statements, _differ_in_letter_case),
)
