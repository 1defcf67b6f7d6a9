"""The report of a mutation run: docs/mutation.md and a verdict. It fails under the mark, and for a survivor without a reason.

Reasons are kept in survivors.toml, by the lines that differ; they are given by people, and this file only sorts them.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.text_only import RULES

FOLDER = Path("mutants")
REASONS = Path(__file__).with_name("survivors.toml")
PAGE = Path("docs/mutation.md")
MARK_PERCENT = 85

INTRODUCTION = """\
# Mutation testing

`make mutate` changes the code of `ledger/` and `aggregates/` in one small place at a time
([mutmut](https://mutmut.readthedocs.io)), runs the tests that reach the place, and counts the changes that a test notices.
It takes {minutes} and is no part of `make test`. It fails when less than {mark} % are noticed, and when a survivor has no
reason in `tests/mutation/survivors.toml`. This page is made by it.

The tests are those that are fast: the unit tests, the laws with few examples, and the ledger's on a real PostgreSQL, which
is started once. A change by which the tests crash, or take many times longer than usual (timeout), counts as noticed.

## What does not count

"""

UNTOUCHED = """
mutmut itself leaves out type annotations, docstrings, class bodies and constants of modules, and decorated functions
(properties, context managers, cached functions). Boundary tests stand for the constants.
"""

Key = tuple[str, str, str, str]


def reasons(path: Path = REASONS) -> dict[Key, str]:
    """Read why survivors are accepted, by (file, function, before, after)."""
    listed = tomllib.loads(path.read_text())["accepted"]
    return {
        (entry["file"], entry["function"], was, becomes): entry["reason"]
        for entry in listed
        for was, becomes in entry["changes"]
    }


def key_of(mutant: Mutant) -> Key:
    """Give what a survivor is listed by."""
    return mutant.file, mutant.function, mutant.was, mutant.becomes


def percent(mutants: Iterable[Mutant]) -> float:
    """Give the share of mutants that a test noticed; everything when there are none."""
    counted = [mutant.is_killed for mutant in mutants]
    return 100 * sum(counted) / len(counted) if counted else 100.0


def page(mutants: Sequence[Mutant], accepted: dict[Key, str]) -> str:
    """Write the report in Markdown."""
    counting = [mutant for mutant in mutants if not mutant.excluded]
    excluded = Counter(mutant.excluded for mutant in mutants)
    rules = [f"- A mutant that {rule.name} ({excluded[rule.name]})." for rule in RULES]
    rows = ["| file | mutants | noticed | of these by timeout | survivors | % |", "|---|---:|---:|---:|---:|---:|"]
    for file in sorted({mutant.file for mutant in counting}):
        rows += [_row(f"`{file}`", [mutant for mutant in counting if mutant.file == file])]
    rows += [_row("**all**", counting)]
    return INTRODUCTION.format(minutes="about half an hour on four cores", mark=MARK_PERCENT) + "\n".join([
        *rules, UNTOUCHED, "## Result", "", *rows, "", "## Survivors", "", *_survivors(counting, accepted), "",
    ])  # fmt: skip


def _row(name: str, mutants: Sequence[Mutant]) -> str:
    killed = sum(mutant.is_killed for mutant in mutants)
    timeouts = sum(mutant.verdict == "timeout" for mutant in mutants)
    return f"| {name} | {len(mutants)} | {killed} | {timeouts} | {len(mutants) - killed} | {percent(mutants):.1f} |"


def _survivors(mutants: Iterable[Mutant], accepted: dict[Key, str]) -> list[str]:
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for mutant in sorted(mutants):
        if not mutant.is_killed:
            change = f"- `{mutant.file}` {mutant.function}: `{mutant.was}` → `{mutant.becomes or 'nothing'}`"
            by_reason[accepted.get(key_of(mutant), "No reason is given.")].append(change)
    lines = [line for reason, changes in by_reason.items() for line in (f"**{reason}**", "", *dict.fromkeys(changes), "")]
    return lines[:-1] or ["None."]


def main() -> int:
    """Write the page, print what is missing, and give the exit code."""
    mutants, accepted = list(mutants_of(FOLDER)), reasons()
    counting = [mutant for mutant in mutants if not mutant.excluded]
    PAGE.write_text(page(mutants, accepted))
    survivors = {key_of(mutant) for mutant in counting if not mutant.is_killed}
    for key in sorted(accepted.keys() - survivors):
        print("no longer a survivor, remove it from survivors.toml:", *key, sep="\n  ")
    unlisted = sorted(survivors - accepted.keys())
    for key in unlisted:
        print("a survivor without a reason: write a test, or a reason into survivors.toml:", *key, sep="\n  ")
    print(f"{percent(counting):.1f} % of {len(counting)} mutants noticed ({MARK_PERCENT} % needed), {len(unlisted)} unlisted")
    return int(percent(counting) < MARK_PERCENT or bool(unlisted))


if __name__ == "__main__":
    sys.exit(main())
