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
COMMIT_SECONDS = Histogram(
    "nightledger_commit_seconds", "Seconds that the append of one batch took, lock and commit included", ["property"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)  # fmt: skip
WAIT_SECONDS = Histogram(
    "nightledger_queue_wait_seconds", "Seconds that the first command of a batch had waited", ["property"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
)  # fmt: skip
QUEUED = Gauge("nightledger_queued_commands", "Commands that wait for a batch", ["property"], multiprocess_mode="livesum")
CONFLICTS = Counter("nightledger_conflicts", "Batches decided again because another process was first", ["property"])
LAG_EVENTS = Gauge(
    "nightledger_lag_events", "Events that a read model is behind", ["property", "model"], multiprocess_mode="mostrecent"
)
LAG_SECONDS = Gauge(
    "nightledger_lag_seconds", "Seconds that the oldest event a read model lacks has waited", ["property", "model"],
    multiprocess_mode="mostrecent",
)  # fmt: skip
APPLIED = Counter("nightledger_followed_events", "Events that this process moved a read model past", ["property", "model"])
STOPPED = Gauge(
    "nightledger_follower_stopped", "1 while a read model cannot go on", ["property", "model"], multiprocess_mode="mostrecent"
)
STEPS = Counter("nightledger_saga_steps", "Steps that workers took", ["rule", "outcome"])


class BatchGauge:
    """Reports the batches of one property's writer."""

    def __init__(self, property_code: str) -> None:
        self._property_code = property_code

    def batch(
        self, commands: int, seconds: float, conflicts: int, *, commit_seconds: float, queued: int, longest_wait: float
    ) -> None:
        """Note one committed batch: of its append alone, who still waits, and how long its first command had waited."""
        BATCH_COMMANDS.labels(self._property_code).observe(commands)
        BATCH_SECONDS.labels(self._property_code).observe(seconds)
        COMMIT_SECONDS.labels(self._property_code).observe(commit_seconds)
        WAIT_SECONDS.labels(self._property_code).observe(longest_wait)
        QUEUED.labels(self._property_code).set(queued)
        if conflicts:
            CONFLICTS.labels(self._property_code).inc(conflicts)
