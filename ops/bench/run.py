"""Runs one bench or all on servers of their own."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

from ledger.clock import Clock
from ops.bench.availability import availability
from ops.bench.findings import Findings
from ops.bench.lag import lag
from ops.bench.over_http import over_http
from ops.bench.plan import Plan
from ops.bench.rebuilding import rebuilding
from ops.bench.result import Result
from ops.bench.rooms import rooms
from ops.bench.rush import rush
from ops.bench.scale import scale
from ops.bench.site import Site, site
from ops.bench.writes import writes
from ops.settings import BadConfiguration, Settings

BENCHES: Mapping[str, Callable[[Site, Plan], Findings]] = {
    "writes": writes,
    "scale": scale,
    "http": over_http,
    "rush": rush,
    "lag": lag,
    "rebuild": rebuilding,
    "availability": availability,
    "rooms": rooms,
}


def run(settings: Settings, names: Sequence[str], plan: Plan) -> Result:
    """Run benches by name (none: all). Raises BadConfiguration, NotTrue, ClientFailed."""
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        message = f"there is no bench {', '.join(unknown)}: choose from {', '.join(BENCHES)}"
        raise BadConfiguration(message)
    with site(settings) as where:
        result = Result(machine(), where.server)
        plan.say("durable: " + ", ".join(f"{name} {value}" for name, value in where.server.items()))
        for name in names or BENCHES:
            findings = BENCHES[name](where, plan)
            findings.quick, findings.repeats = plan.quick, plan.repeats
            findings.measured_at = Clock().now().isoformat(timespec="seconds")
            result.benches[name] = findings
            where.forget()
    return result


def machine() -> dict[str, str]:
    """Say what the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory_gb": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("psycopg", "eventsourcing", "fastapi", "uvicorn")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
