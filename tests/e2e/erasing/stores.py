"""Every store that an installation runs, as bytes: tables, files with their logs, Redis, what processes said, metrics, exports.

The vendors' own stores are theirs: the sandbox's file is left out, and what was asked of the vendors is looked at instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
from psycopg import sql
from redis import Redis

from tests.installation import Running

VENDORS_OWN = "sandbox.sqlite"
SYSTEM = ("information_schema", "pg_toast")


def all_stores(running: Running, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (where, content) of everything. The whole data directory is read raw, with write-ahead logs and removed rows."""
    yield from tables(running.servers().database_url)
    yield from in_redis(running.servers().redis_url)
    yield from files(running.data_dir)
    yield "what the processes said", running.said().encode()
    yield "metrics", httpx.get(f"{running.url}/metrics", timeout=10).content
    yield from exported(running, folder)


def tables(database_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield every table of every schema as text, bytea in hex, and the planner's samples of them."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname <> ALL(%s)"
            " AND (schemaname <> 'pg_catalog' OR tablename = 'pg_statistic')",
            [list(SYSTEM)],
        ).fetchall()
        for schema, table in found:
            query = sql.SQL("COPY (SELECT whole::text FROM {}.{} AS whole) TO STDOUT").format(
                sql.Identifier(schema), sql.Identifier(table)
            )
            with connection.cursor().copy(query) as rows:
                yield f"table {schema}.{table}", b"".join(bytes(row) for row in rows)


def in_redis(redis_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield every key of every database with its value as it is dumped, and the queues' messages with it."""
    redis = Redis.from_url(redis_url)
    try:
        for key in redis.scan_iter():
            yield f"Redis {key!r}", key + b" " + _value(redis, key)
    finally:
        redis.close()


def _value(redis: Redis, key: bytes) -> bytes:
    kind = redis.type(key)
    whole: object
    match kind:
        case b"string":
            whole = redis.get(key)
        case b"hash":
            whole = redis.hgetall(key)
        case b"list":
            whole = redis.lrange(key, 0, -1)
        case b"set":
            whole = redis.smembers(key)
        case b"zset":
            whole = redis.zrange(key, 0, -1)
        case _:
            whole = redis.xrange(key) if kind == b"stream" else b""
    return repr(whole).encode()


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a directory but the vendors' own."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(VENDORS_OWN):
            try:
                yield str(path.relative_to(folder)), path.read_bytes()
            except FileNotFoundError:
                # A server has just removed it, which is what forgetting is about.
                continue


def exported(running: Running, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the log as it is exported."""
    out = folder / "log.jsonl"
    out.unlink(missing_ok=True)
    done = running.run("export", "--out", str(out))
    assert done.returncode == 0, done.stderr
    yield "export", out.read_bytes()
