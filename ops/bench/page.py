"""The page `docs/performance.md`, written from a result: figures, spreads, method, what they do not say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.bench.findings import Findings, goals
from ops.bench.report import number
from ops.bench.result import Result

PAGE = Path("docs/performance.md")
CHART = Path("docs/pictures/performance.svg")
WHAT = {
    "writes": "Three-night bookings of random rooms and dates in a hotel of 2,000 rooms: through the product's own dispatch"
    " (validation, aggregates, metadata, idempotence, encryption, a durable key for each guest), beside what people write"
    " without an event store.",
    "scale": "The same bookings on a log of ten thousand events and on one of millions, in turns.",
    "http": "One web process, beside a floor on the same server settings that decides nothing.",
    "rush": "500 attempts on one stay at the same moment, until the last of them has its answer. One wins, none fails.",
    "lag": "How old an event is when a read model shows it, while bookings come in.",
    "availability": "What is left of five room types and what it costs at least, for one night and for a year, beside the same"
    " counted in a table of bookings.",
    "rebuild": "Read models made again from a long history, compared with the live ones and switched to.",
}
METHOD = """\
## How it is measured

- `nightledger bench` starts PostgreSQL and Valkey of its own in a temporary directory, looks whether `fsync`,
  `synchronous_commit` and `full_page_writes` are on, and refuses to measure otherwise. With `DATABASE_URL` it works in
  scratch schemas there and drops them.
- Subjects take turns on the same server, in the same run, with the same client processes: rounds, not blocks. A figure is
  the median of its rounds, the spread their lowest and highest. A ratio is the median of the quotients of runs that were
  beside each other.
- Every peer runs at the client count that suits it best; the ones tried are in `bench.json`. Clients, servers and followers
  share the cores of one machine.
- After each run the database is counted: every acknowledged booking is there once, no night has two holders, and 500 random
  bookings are read back, decrypted and compared. A run that fails this has no figure.

## What the figures do not say

- One machine and its disk: ratios travel better than rates. Peers store a guest's name as it is, keep no history and answer
  no repeated request; the product does all of that, so the ratios compare unequal work, in the peers' favour.
- `pgbench` inserts a row of three columns from a C program; nothing written in Python comes near it.
- The history of `scale` and `rebuild` is copies of one real booking, each with its own ids, room, dates, guest and keys.
"""


def write(result: Result, root: Path) -> None:
    """Write the page below `root`."""
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text("\n".join(_lines(result)), "utf-8")


def in_order(result: Result) -> list[Findings]:
    """List the findings as the page tells them."""
    return [result.benches[name] for name in WHAT if name in result.benches]


def _lines(result: Result) -> Iterator[str]:
    yield "# Performance\n"
    yield "Written by `nightledger bench --write-docs` from what it measured; `nightledger bench --check` fails when a"
    yield "ratio misses its goal in `ops/bench/goals.toml`.\n"
    if any(findings.quick for findings in result.benches.values()):
        yield "**A quick look: one short round of each subject, in small. No figure below marked so is one to rely on.**\n"
    machine = result.machine
    yield (
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']};"
        f" Python {machine['python']}, PostgreSQL {result.server['server_version']}"
        f" (fsync {result.server['fsync']}, synchronous_commit {result.server['synchronous_commit']}).\n"
    )
    yield f"![Figures of all subjects, with their spreads]({CHART.relative_to(PAGE.parent).as_posix()})\n"
    for findings in in_order(result):
        yield from _bench(findings)
    yield METHOD


def _bench(findings: Findings) -> Iterator[str]:
    yield f"## {findings.name}\n"
    quick = ", a quick look only" if findings.quick else ""
    yield f"{WHAT[findings.name]} Measured {findings.measured_at[:10]}, rounds: {findings.repeats}{quick}.\n"
    yield "| subject | median | spread | unit | details |"
    yield "|---|---:|---:|---|---|"
    for row in findings.rows:
        details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.details.items() if name != "tried")
        low, high = row.spread
        yield f"| {row.subject.strip()} | {number(row.value)} | {number(low)} to {number(high)} | {row.unit} | {details} |"
    yield ""
    wanted = goals()
    if findings.ratios:
        yield "| ratio | value | goal | |"
        yield "|---|---:|---|---|"
    for name, value in findings.ratios.items():
        goal = wanted.get(name)
        yield f"| `{name}` | {value:g} | {goal.bound if goal else ''} | {_verdict(goal.is_met(value)) if goal else ''} |"
    yield ""
    for remark in findings.remarks:
        yield f"- {remark}"
    yield ""


def _verdict(met: bool) -> str:
    return "met" if met else "missed"
