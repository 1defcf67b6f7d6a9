"""Connections to PostgreSQL and Redis: how many, how soon they notice that the other side is gone, how they are lent."""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from ledger.log import Connection

LIVELY = {
    "autocommit": True, "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3,
    "tcp_user_timeout": 8000,
}  # fmt: skip
"""How connections notice within some 20 s that the other side is gone; a commit that hangs, after 8."""
RESTED_SECONDS = 1.0
"""A connection that was lent so recently is lent again unseen: to look costs a round trip, as much as most of what is asked."""
REDIS_CONNECTIONS = 24


def connect_postgres(url: str, connections: int, *, prepares: bool) -> AsyncConnectionPool[Connection]:
    """Give a pool, not open yet, that lends up to so many connections."""
    return AsyncConnectionPool(
        url,
        connection_class=AsyncConnection,
        kwargs={**LIVELY, "prepare_threshold": 5 if prepares else None},
        min_size=1,
        max_size=connections,
        open=False,
        timeout=5,
        reconnect_timeout=0,
        check=Look(),
    )


class Look:
    """Sees that a connection still lives before it is lent, if it has rested."""

    def __init__(self) -> None:
        self._lent: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()

    async def __call__(self, connection: Connection) -> None:
        """Ask the server, unless it answered a moment ago. Raises psycopg.OperationalError."""
        now = time.monotonic()
        if now - self._lent.get(connection, 0.0) > RESTED_SECONDS:
            await AsyncConnectionPool.check_connection(connection)
        self._lent[connection] = now


def connect_redis(url: str) -> Redis:
    """Give a client that answers or fails quickly: bookings go on without it."""
    return Redis(connection_pool=redis_pool(url))


def redis_pool(url: str) -> BlockingConnectionPool:
    """Share few connections between many callers, who wait for their turn instead of failing."""
    retry = Retry(ExponentialBackoff(cap=0.1, base=0.01), 2)
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url, max_connections=REDIS_CONNECTIONS, timeout=2, socket_timeout=2, socket_connect_timeout=0.5, retry=retry
    )
    return pool
