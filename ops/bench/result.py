"""What `bench.json` holds: the machine, the server, and per bench its rows, ratios and remarks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from ops.bench.findings import Findings


@dataclass
class Result:
    """The findings of one or several runs on one machine."""

    machine: dict[str, str]
    server: dict[str, str]
    benches: dict[str, Findings] = field(default_factory=dict)

    def text(self) -> str:
        """Write it as JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()

    def beside(self, path: Path) -> Result:
        """Add what earlier runs on this machine and server found of other benches, as `path` holds it."""
        try:
            before = msgspec.json.decode(path.read_bytes(), type=Result)
        except (FileNotFoundError, msgspec.DecodeError):
            return self
        if (before.machine, before.server) != (self.machine, self.server):
            return self
        return replace(self, benches=before.benches | self.benches)
