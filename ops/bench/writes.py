"""`bench writes`: three-night bookings of random rooms and dates, ours beside the peers, in rounds one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.bench.callers import Shape, Tally
from ops.bench.findings import Findings
from ops.bench.plan import Plan
from ops.bench.site import Site
from ops.bench.subjects import Subject, ours, peers

SEARCH_SHARE = 0.3
"""Part of the measured time that each client count is tried for, to find the best one."""
RATIOS = {
    "writes_vs_exclude": ("subject", "exclude"),
    "writes_vs_serializable": ("subject", "serializable"),
    "writes_vs_stock": ("subject", "stock"),
    "writes64_vs_exclude": ("subject64", "exclude"),
}


@dataclass(frozen=True)
class Chosen:
    """A subject at the client count where it is fastest, and what was tried."""

    subject: Subject
    shape: Shape
    tried: dict[str, int]


def writes(site: Site, plan: Plan) -> Findings:
    """Measure the bookings a second of each subject. Raises NotTrue, ClientFailed."""
    findings = Findings("writes")
    subjects = plan.chosen({each.name: each for each in (*ours(), *peers())})
    chosen = [_at_its_best(site, plan, subject) for subject in subjects.values()]
    tallies: dict[str, list[Tally]] = {each.subject.name: [] for each in chosen}
    for number in range(plan.repeats):
        for each in chosen:
            plan.say(f"round {number + 1} of {plan.repeats}: {each.subject.label}, {each.shape} callers")
            tallies[each.subject.name].append(_run(site, plan, each.subject, each.shape, plan.seconds))
    for each in chosen:
        _tell(findings, each, tallies[each.subject.name])
    for name, (mine, other) in RATIOS.items():
        if mine in tallies and other in tallies:
            findings.relate(name, [each.rate for each in tallies[mine]], [each.rate for each in tallies[other]])
    findings.remark(
        "The room to try first is that of the draw, so that no Redis is in the figure; one row shows it with the read model."
    )
    return findings


def _at_its_best(site: Site, plan: Plan, subject: Subject) -> Chosen:
    if len(subject.shapes) == 1 or plan.quick:
        return Chosen(subject, subject.shapes[0], {})
    rates: dict[Shape, float] = {}
    for shape in subject.shapes:
        plan.say(f"which client count suits {subject.label}: {shape}")
        rates[shape] = _run(site, plan, subject, shape, plan.seconds * SEARCH_SHARE).rate
    best = max(rates, key=lambda shape: rates[shape])
    return Chosen(subject, best, {str(shape): round(rate) for shape, rate in rates.items()})


def _run(site: Site, plan: Plan, subject: Subject, shape: Shape, seconds: float) -> Tally:
    site.settle()
    profile = plan.profile if subject.name.startswith("subject") else None
    tally = subject.run(site, shape, seconds, _beside(profile, subject.name))
    site.forget()
    return tally


def _beside(profile: Path | None, name: str) -> Path | None:
    return profile.with_name(f"{profile.stem}-{name}{profile.suffix}") if profile else None


def _tell(findings: Findings, chosen: Chosen, tallies: Sequence[Tally]) -> None:
    last = tallies[-1]
    details: dict[str, object] = {"clients": str(chosen.shape)}
    if last.latencies:
        details |= {"p50_ms": round(last.quantile(0.5), 2), "p99_ms": round(last.quantile(0.99), 2)}
        details |= {"refused": last.refused}
    details |= {name: round(count, 1) for name, count in last.counters.items() if count}
    if chosen.tried:
        details["tried"] = chosen.tried
    findings.add(chosen.subject.label, [tally.rate for tally in tallies], "bookings/s", chosen.subject.kind, **details)
