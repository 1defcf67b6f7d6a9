"""Runs one bench or all on servers of their own, and writes `bench.json`."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from ops.bench.findings import Findings
from ops.bench.lag import lag
from ops.bench.over_http import over_http
from ops.bench.plan import Plan
from ops.bench.rebuilding import rebuilding
from ops.bench.rush import rush
from ops.bench.scale import scale
from ops.bench.site import Site, site
from ops.bench.writes import writes
from ops.settings import BadConfiguration, Settings

BENCHES: Mapping[str, Callable[[Site, Plan], Findings]] = {
    "writes": writes,
    "http": over_http,
    "rush": rush,
    "scale": scale,
    "lag": lag,
    "rebuild": rebuilding,
}


def run(settings: Settings, names: Sequence[str], plan: Plan) -> dict[str, Any]:
    """Run benches by name (none: all): what `bench.json` holds. Raises BadConfiguration, NotTrue, ClientFailed."""
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        message = f"there is no bench {', '.join(unknown)}: choose from {', '.join(BENCHES)}"
        raise BadConfiguration(message)
    told: list[Findings] = []
    with site(settings) as where:
        for name in names or BENCHES:
            told.append(BENCHES[name](where, plan))
            where.forget()
    return {"machine": machine(), "server": where.server, "quick": plan.quick, "benches": told}


def machine() -> dict[str, str]:
    """Say what the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory_gb": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version(name) for name in ("psycopg", "eventsourcing", "fastapi", "uvicorn")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def as_json(told: dict[str, Any]) -> str:
    """Write what `bench.json` holds: per bench its rows and ratios."""
    benches = {
        findings.name: {key: value for key, value in findings.plain().items() if key != "name"} for findings in told["benches"]
    }
    return json.dumps(told | {"benches": benches}, indent=2)
