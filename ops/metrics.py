"""Prometheus metrics of the writer and the followers. Labels are property codes and names, never personal data."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

BATCH_COMMANDS = Histogram(
    "nightledger_batch_commands", "Commands in one commit", ["property"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
BATCH_SECONDS = Histogram(
    "nightledger_batch_seconds", "Seconds from reading to commit of one batch", ["property"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)  # fmt: skip
CONFLICTS = Counter("nightledger_conflicts", "Batches decided again because another process was first", ["property"])
LAG_EVENTS = Gauge(
    "nightledger_lag_events", "Events that a read model is behind", ["property", "model"], multiprocess_mode="mostrecent"
)
STOPPED = Gauge(
    "nightledger_follower_stopped", "1 while a read model cannot go on", ["property", "model"], multiprocess_mode="mostrecent"
)
STEPS = Counter("nightledger_saga_steps", "Steps that workers took", ["rule", "outcome"])


class BatchGauge:
    """Reports the batches of one property's writer."""

    def __init__(self, property_code: str) -> None:
        self._property_code = property_code

    def batch(self, commands: int, seconds: float, conflicts: int) -> None:
        """Note one committed batch."""
        BATCH_COMMANDS.labels(self._property_code).observe(commands)
        BATCH_SECONDS.labels(self._property_code).observe(seconds)
        if conflicts:
            CONFLICTS.labels(self._property_code).inc(conflicts)
