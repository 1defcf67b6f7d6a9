"""Our own lint: what no tool knows about this house. Each message names the replacement.

A rule reads one file and yields what is wrong with it; to add a rule, write it and add it to RULES with a bad sample.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "aggregates", "commands", "projections", "queries", "sagas", "web", "ops")
MAX_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES, MAX_DOCSTRING_LINES = 300, 400, 50, 5

# Exceptions. They may only shrink: an entry that is larger than needed fails, too.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}
SLEEPERS = {"ops/embedded/process.py", "ops/embedded/data_directory.py", "ops/embedded/leftovers.py"}
"""Launchers that wait for a server process, which cannot tell them when it is ready."""

BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "service", "data", "info"}
BANNED_ENDINGS = ("Manager", "Service", "Helper", "Helpers", "Utils", "Data", "Info")
NUMBERED = re.compile(r"[a-z]+_?[1-9]")
VENDOR_WORDS = {"last4", "v1"}
"""Names that Stripe gives to the last digits of a card and to a signature scheme."""

CLOCK_READS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
REGISTRIES = tuple(
    host[::-1] for host in ("gro.ipyp", "gro.detsohnohtyp", "gro.sjmpn", "moc.sjmpn", "moc.gkpnray", "rorrimmpn")
)
"""Written backwards: this file is read by its own rule."""
MONEY_WORDS = {"amount", "price", "total", "fee", "tax", "paid", "balance", "money", "minor", "revenue", "adr", "refund"}


@dataclass(frozen=True)
class Source:
    """A file of the project: its path below the root, with `/`, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def in_product(self) -> bool:
        return self.path.split("/")[0] in PACKAGES

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")


Check = Callable[[Source], Iterator[str]]


def file_size(source: Source) -> Iterator[str]:
    """Refuse long files; an exception that has become too generous is refused, too."""
    lines, allowed = len(source.text.splitlines()), LONG_FILES.get(source.path)
    limit = MAX_LINES if source.in_product else MAX_TEST_LINES
    if allowed is not None and lines < allowed:
        yield f"has shrunk to {lines} lines: write {lines} in LONG_FILES, or remove the entry at {limit}"
    elif lines > (allowed or limit):
        yield f"{lines} lines, limit {allowed or limit}: split it along its nouns"


def function_size(source: Source) -> Iterator[str]:
    """Refuse long functions, measured from `def` to the last line without the docstring."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
        lines, name = (node.end_lineno or 0) - first.lineno + 1, f"{source.path}::{node.name}"
        allowed = LONG_FUNCTIONS.get(name, MAX_FUNCTION_LINES)
        if lines > allowed:
            yield f"{node.lineno}: {node.name} has {lines} lines, limit {allowed}: name its steps and call them"
        elif name in LONG_FUNCTIONS and lines < allowed:
            yield f"{node.lineno}: {node.name} has shrunk to {lines} lines: write that in LONG_FUNCTIONS"


def file_docstring(source: Source) -> Iterator[str]:
    """Ask for 1 to 5 lines that say what lives here, what does not, and why."""
    docstring = ast.get_docstring(source.tree)
    if not docstring:
        yield "1: no docstring: open with 1-5 lines that say what lives here, what does not, why it exists"
    elif len(docstring.splitlines()) > MAX_DOCSTRING_LINES:
        yield f"1: docstring of {len(docstring.splitlines())} lines: say it in {MAX_DOCSTRING_LINES}, the rest belongs in docs/"


def names(source: Source) -> Iterator[str]:
    """Refuse names that say nothing, and numbered ones."""
    stem = source.path.rsplit("/", 1)[-1].removesuffix(".py")
    if stem in BANNED_NAMES:
        yield f"file {stem}: name it after the noun that lives in it"
    for line, name in _bound_names(source.tree):
        if name in BANNED_NAMES or name.endswith(BANNED_ENDINGS):
            yield f"{line}: {name}: name what it is to a hotel or to the ledger"
        elif NUMBERED.fullmatch(name) and name not in VENDOR_WORDS:
            yield f"{line}: {name}: say what tells it from the others instead of a number"


def _bound_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def clock(source: Source) -> Iterator[str]:
    """Refuse reading the time of the machine away from the edge."""
    if source.path == "ledger/clock.py" or not source.in_product or source.path.startswith("ops/"):
        return
    for node in _calls(source.tree):
        if _dotted(node.func) in CLOCK_READS:
            yield f"{node.lineno}: {_dotted(node.func)}: take the moment as an argument, or ask the Clock at the edge"


def printing(source: Source) -> Iterator[str]:
    """Refuse `print` where nobody reads it."""
    if source.in_product and not source.path.startswith("ops/"):
        for node in _calls(source.tree):
            if _dotted(node.func) == "print":
                yield f"{node.lineno}: print: log it with structlog, or return it to ops/cli"


def sleeping(source: Source) -> Iterator[str]:
    """Refuse blocking sleep in product code."""
    if source.in_product and source.path not in SLEEPERS:
        for node in _calls(source.tree):
            if _dotted(node.func) == "time.sleep":
                yield f"{node.lineno}: time.sleep: wait for the thing itself (event, position, process) with a timeout"


def money(source: Source) -> Iterator[str]:
    """Refuse floating point for money."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            if _about_money(name) and re.search(r"\bfloat\b", ast.unparse(node.annotation)):
                yield f"{node.lineno}: {name} as float: use Money, or an int that ends in _minor"
        elif (
            isinstance(node, ast.Call)
            and _dotted(node.func) == "float"
            and any(_about_money(ast.unparse(a)) for a in node.args)
        ):
            yield f"{node.lineno}: {ast.unparse(node)}: calculate in Decimal and round once to Money"


def _about_money(expression: str) -> bool:
    return bool(MONEY_WORDS & set(re.split(r"[^a-z]+", expression.lower())))


def reasons(source: Source) -> Iterator[str]:
    """Ask for a reason wherever a tool is told to look away."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"#\s*(noqa(: ?[A-Z0-9, ]+)?|type: ignore(\[[^]]*\])?)\s*$", line):
            yield f"{number}: a tool is silenced without a reason: write it behind, `# noqa: CODE - reason`"


def unfinished(source: Source) -> Iterator[str]:
    """Refuse notes to oneself."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"#.*\b(TODO|FIXME|XXX|HACK)\b", line):
            yield f"{number}: unfinished: do it, or open an issue and say there what is missing"


def hosts(source: Source) -> Iterator[str]:
    """Refuse package registry hosts and paths of one machine: everybody has a mirror and a home of their own."""
    private = r"(?<![\w.}$)-])/(root|home/[a-z]+|work/(main|shared))(/|\b)"
    for number, line in enumerate(source.text.splitlines(), 1):
        if any(host in line for host in REGISTRIES):
            yield f"{number}: names a package registry: leave the host to the tool's own configuration"
        if re.search(private, line):
            yield f"{number}: names a path of one machine: make it relative to the repository or a setting"


def links(source: Source) -> Iterator[str]:
    """Refuse Markdown links that lead nowhere: files and headings."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if not re.match(r"[a-z]+:", target) and not _resolves(source, target):
                yield f"{number}: {target} leads nowhere: mend the link or remove it"


def _resolves(source: Source, target: str) -> bool:
    path, _, heading = target.partition("#")
    file = (ROOT / source.path).parent / path if path else ROOT / source.path
    if not file.exists():
        return False
    if not heading:
        return True
    text = source.text if not path else file.read_text("utf-8")
    return heading in {_anchor(line) for line in text.splitlines() if line.startswith("#")}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def same_noun(source: Source) -> Iterator[str]:
    """Ask that the unit test of a read model or a query has the noun of the file that it tests."""
    found = re.fullmatch(r"tests/unit/((?:projections|queries)/)test_(\w+)\.py", source.path)
    if found:
        folder, noun = found.groups()
        if not (ROOT / folder / f"{noun}.py").exists() and not (ROOT / folder / noun).is_dir():
            yield f"tests no {folder}{noun}.py: the same noun has the same file name in every folder"


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _dotted(node: ast.expr) -> str:
    """Write `a.b.c` of an expression; only the last two names, so that `datetime.datetime.now` counts, too."""
    return ".".join(ast.unparse(node).split(".")[-2:])


@dataclass(frozen=True)
class Rule:
    """A rule, which files it reads, and a sample (path, text) that it must report."""

    check: Check
    bad: tuple[str, str]
    only: str = ".py"
    everywhere: ClassVar[str] = ""


RULES = [
    Rule(file_size, ("ledger/book.py", "x = 1\n" * (MAX_LINES + 1))),
    Rule(function_size, ("ledger/book.py", "def f():\n" + "    x = 1\n" * (MAX_FUNCTION_LINES + 1))),
    Rule(file_docstring, ("ledger/book.py", "x = 1\n")),
    Rule(names, ("ledger/book.py", "class StayManager: ...\n")),
    Rule(names, ("ledger/utils.py", "")),
    Rule(names, ("ledger/book.py", "night2 = 1\n")),
    Rule(names, ("ledger/book.py", "def f(data): ...\n")),
    Rule(clock, ("aggregates/stay.py", "import datetime\nx = datetime.datetime.now()\n")),
    Rule(clock, ("web/page.py", "from datetime import date\nx = date.today()\n")),
    Rule(printing, ("web/page.py", "print('x')\n")),
    Rule(sleeping, ("sagas/paying.py", "import time\ntime.sleep(1)\n")),
    Rule(money, ("ledger/price.py", "room_total: float = 1.0\n")),
    Rule(money, ("ledger/price.py", "x = float(night.amount_minor)\n")),
    Rule(reasons, ("ledger/book.py", "x = 1  # noqa: E501\n")),
    Rule(reasons, ("ledger/book.py", "x = 1  # type: ignore[misc]\n")),
    Rule(unfinished, ("ledger/book.py", "x = 1  # TODO: y\n")),
    Rule(hosts, ("docs/a.md", f"https://{REGISTRIES[0]}/x\n"), only=Rule.everywhere),
    Rule(hosts, ("ops/a.toml", "dir = '/root/x'\n"), only=Rule.everywhere),
    Rule(links, ("docs/a.md", "[x](nowhere.md)\n"), only=".md"),
    Rule(links, ("docs/a.md", "# A b\n[x](#c)\n"), only=".md"),
    Rule(same_noun, ("tests/unit/queries/test_nothing_like_it.py", "")),
]


SELF = "tests/test_tidy.py"
NAME_WHAT_THEY_REFUSE = {unfinished, hosts}
"""Rules whose patterns and samples, in this file, are what they look for."""


def _project_files() -> list[Source]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    files = [ROOT / name for name in listed if not name.endswith((".png", ".jpg", ".ttf", ".woff2", ".ico", "LICENSE"))]
    return [Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files if file.is_file()]


@pytest.fixture(scope="module")
def project() -> list[Source]:
    """Read every file of the project once."""
    return _project_files()


@pytest.mark.parametrize("check", dict.fromkeys(rule.check for rule in RULES), ids=lambda check: check.__name__)
def test_the_house_is_tidy(check: Check, project: list[Source]) -> None:
    only = next(rule.only for rule in RULES if rule.check is check)
    read = [
        source
        for source in project
        if source.path.endswith(only) and not (check in NAME_WHAT_THEY_REFUSE and source.path == SELF)
    ]
    problems = [f"{source.path}:{said}" for source in read for said in check(source)]
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.check.__name__}-{rule.bad[0]}")
def test_a_bad_sample_is_reported(rule: Rule) -> None:
    said = list(rule.check(Source(*rule.bad)))
    assert said
    assert all(":" in message for message in said), "a message names the replacement after a colon"


def test_good_manners_pass() -> None:
    text = '"""Stays."""\n\n\ndef nights(arrival: int, departure: int) -> int:\n    return departure - arrival\n'
    good = Source("aggregates/stay.py", text)
    assert [said for rule in RULES if rule.only == ".py" for said in rule.check(good)] == []


def test_exceptions_name_files_that_exist() -> None:
    named = {*LONG_FILES, *SLEEPERS, *(name.partition("::")[0] for name in LONG_FUNCTIONS)}
    assert [name for name in named if not (ROOT / name).exists()] == []
