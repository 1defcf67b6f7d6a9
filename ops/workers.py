"""The saga workers: Dramatiq carries hints, the list of what is due carries the truth.

A hint names (property, rule, subject). A worker leases the due row, takes the step, and puts the row off when nothing
moved; rows end by events. The sweeper hints at everything overdue, so a lost, doubled or late hint changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import dramatiq
import psycopg
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerError
from redis import Redis
from redis.exceptions import RedisError

from ledger.refusal import Unavailable
from ops.cancelling import heed_cancellation
from ops.metrics import STEPS
from ops.sagas import Sagas
from ops.wiring import Wiring

logger = logging.getLogger(__name__)

QUEUE = "sagas"
LEASE = timedelta(seconds=45)
"""How long a worker has a row to itself; longer than the slowest vendor call."""
SWEEP_SECONDS = 1.0
MOST_HINTS = 200
RETRY_SECONDS = (1, 2, 5, 15, 30, 60, 300, 1800)
"""After a step that failed, by how often it did."""
THREADS = 16


def broker_at(redis_url: str) -> RedisBroker:
    """Build the broker: a worker that was killed gives its hints back after 15 s."""
    broker = RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves its constructor untyped
        client=Redis.from_url(redis_url, socket_timeout=5), heartbeat_timeout=15_000, maintenance_chance=100_000
    )
    broker.declare_queue(QUEUE)
    return broker


def hints(broker: RedisBroker) -> Callable[[str, str, UUID], None]:
    """Give the function that sends a hint. It raises ConnectionError when the broker does not answer."""

    def hint(property_code: str, rule: str, subject: UUID) -> None:
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=QUEUE, actor_name="advance", args=(property_code, rule, str(subject)), kwargs={}, options={}
        )
        try:
            broker.enqueue(message)
        except (BrokerError, RedisError) as gone:
            raise ConnectionError(str(gone)) from gone

    return hint


class Worker:
    """Takes steps of all properties' sagas on one event loop."""

    def __init__(self, wiring: Wiring, broker: RedisBroker) -> None:
        self._wiring = wiring
        self._broker = broker
        self._sagas: dict[str, Sagas] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()

        def advance(property_code: str, rule: str, subject: str) -> None:
            asyncio.run_coroutine_threadsafe(self.advance(property_code, rule, UUID(subject)), loop).result()

        self._broker.declare_actor(
            dramatiq.Actor(
                advance, broker=self._broker, actor_name="advance", queue_name=QUEUE, priority=0, options={"max_retries": 0}
            )
        )
        worker = dramatiq.Worker(self._broker, worker_threads=THREADS)
        worker.start()
        try:
            await self._sweep()
        finally:
            await asyncio.to_thread(worker.stop)

    async def advance(self, property_code: str, rule: str, subject: UUID) -> None:
        """Take the step that is due for a subject, if it is and no other worker has it."""
        due = self._wiring.models(property_code).due
        now = self._wiring.clock.now()
        async with self._wiring.pool.connection() as connection:
            lease = await due.lease(connection, rule, subject, now, now + LEASE)
        if lease is None:
            return
        try:
            sagas = await self._sagas_of(property_code)
            wait = await sagas.advance(rule, subject, lease.tries)
            outcome = "done"
        except Exception as failure:  # noqa: BLE001 - one subject's fault must not stop the others; it is told and tried again
            wait = RETRY_SECONDS[min(lease.tries, len(RETRY_SECONDS)) - 1]
            outcome = "failed"
            _tell(failure, f"{rule} {subject} of {property_code}", wait)
        STEPS.labels(rule, outcome).inc()
        if wait is not None:
            async with self._wiring.pool.connection() as connection:
                await due.put_off(connection, lease, self._wiring.clock.now() + timedelta(seconds=wait))

    async def _sagas_of(self, property_code: str) -> Sagas:
        if property_code not in self._sagas:
            listed = next(each for each in await self._wiring.access.properties() if each.code == property_code)
            self._sagas.setdefault(property_code, Sagas(self._wiring, listed))
        return self._sagas[property_code]

    async def _sweep(self) -> None:
        """Hint at everything overdue, once a second; several sweepers take turns by a lock that ends with its transaction."""
        hint = hints(self._broker)
        while True:
            heed_cancellation()
            try:
                for listed in await self._wiring.access.properties():
                    for rule, subject in await self._overdue(listed.code):
                        await asyncio.to_thread(hint, listed.code, rule, subject)
            except (psycopg.Error, ConnectionError, OSError) as gone:
                logger.warning("the sweeper could not look: %s", type(gone).__name__)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _overdue(self, property_code: str) -> list[tuple[str, UUID]]:
        due = self._wiring.models(property_code).due
        async with self._wiring.pool.connection() as connection, connection.transaction():
            found = await connection.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"sweep {property_code}"])
            row = await found.fetchone()
            if row is None or not row[0]:
                return []
            return await due.overdue(connection, self._wiring.clock.now(), MOST_HINTS)


def _tell(failure: Exception, step: str, wait: int) -> None:
    """Log a step that failed: one line when a server is only away for a moment, else with its trace."""
    passing = isinstance(failure, Unavailable | psycopg.OperationalError)
    text = "%s failed, next try in %s s: %s: %s"
    logger.log(
        logging.WARNING if passing else logging.ERROR, text, step, wait, type(failure).__name__, failure,
        exc_info=None if passing else failure,
    )  # fmt: skip
