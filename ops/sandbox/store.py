"""One SQLite file that keeps every object as JSON, so that a restart continues where the sandbox stopped.

It knows kinds, ids and times only; what the documents mean is elsewhere. It is used from the event loop's thread alone.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCHEMA = """
create table if not exists documents (
    number integer primary key autoincrement,
    kind text not null,
    id text not null,
    created integer not null,
    body text not null,
    unique (kind, id)
);
create index if not exists by_intent on documents (kind, json_extract(body, '$.payment_intent'));
create index if not exists by_number on documents (kind, number);
create index if not exists by_event on documents (kind, json_extract(body, '$.event'));
create index if not exists by_state on documents (kind, json_extract(body, '$.state'));
create index if not exists by_due on documents (kind, json_extract(body, '$.due_at'));
create index if not exists by_status on documents (kind, json_extract(body, '$.status'));
"""


class InUseError(RuntimeError):
    """Another sandbox has this state file open."""


class Store:
    """Documents by kind and id, in the order of their making."""

    def __init__(self, path: Path | str) -> None:
        """Open or make the file. Raises InUseError when another process holds it."""
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=2, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("pragma locking_mode = exclusive")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = normal")
            self._connection.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            message = f"state file {path} cannot be used ({error}): is another sandbox running on it?"
            raise InUseError(message) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything done inside, or nothing when an exception leaves the block."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def put(self, kind: str, body: Json, *, created: int = 0) -> None:
        """Insert the document or replace the one with the same id; its place in the order stays."""
        self._connection.execute(
            "insert into documents (kind, id, created, body) values (?, ?, ?, ?)"
            " on conflict (kind, id) do update set body = excluded.body",
            (kind, body["id"], body.get("created", created), json.dumps(body)),
        )

    def get(self, kind: str, document_id: str) -> Json | None:
        """Give a fresh copy of the document, or None."""
        row = self._connection.execute("select body from documents where kind = ? and id = ?", (kind, document_id)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str, **where: object) -> list[Json]:
        """List the documents of a kind, oldest first, whose top-level fields equal `where`."""
        conditions = "".join(f" and json_extract(body, '$.{name}') = ?" for name in where)
        rows = self._connection.execute(
            f"select body from documents where kind = ?{conditions} order by number",  # noqa: S608 - our own names
            (kind, *where.values()),
        )
        return [json.loads(row[0]) for row in rows]

    def newest(self, kind: str, window: tuple[int, int], **where: object) -> Iterator[Json]:
        """Yield the documents made in a window (first and last Unix second) whose fields equal `where`, latest first."""
        conditions = "".join(f" and json_extract(body, '$.{name}') = ?" for name in where)
        rows = self._connection.execute(
            f"select body from documents where kind = ? and created between ? and ?{conditions} order by number desc",  # noqa: S608 - our own names
            (kind, *window, *where.values()),
        )
        return (json.loads(row[0]) for row in rows)

    def due(self, kind: str, now: float) -> list[Json]:
        """List the documents whose `due_at` has come, earliest first."""
        rows = self._connection.execute(
            "select body from documents where kind = ? and json_extract(body, '$.due_at') <= ?"
            " order by json_extract(body, '$.due_at'), number",
            (kind, now),
        )
        return [json.loads(row[0]) for row in rows]

    def next_due(self, kind: str) -> float | None:
        """Give the earliest `due_at` of a kind, or None."""
        row = self._connection.execute(
            "select min(json_extract(body, '$.due_at')) from documents where kind = ?", (kind,)
        ).fetchone()
        return float(row[0]) if row[0] is not None else None

    def delete(self, kind: str, document_id: str | None = None) -> None:
        """Remove one document, or all of a kind."""
        if document_id is None:
            self._connection.execute("delete from documents where kind = ?", (kind,))
        else:
            self._connection.execute("delete from documents where kind = ? and id = ?", (kind, document_id))

    def close(self) -> None:
        """Close the file and so let another sandbox have it."""
        self._connection.close()
