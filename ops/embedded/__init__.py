"""Our own PostgreSQL and Valkey below one data directory: started, kept apart, found again, ended.

Nothing here knows what is stored in them. Given URLs are used as they are and nothing is started for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.data_directory import held, is_held, sockets_of, write_private
from ops.embedded.failure import EmbeddedServerError
from ops.embedded.postgres import Postgres, postgres_answers
from ops.embedded.valkey import Valkey, valkey_answers

__all__ = ["EmbeddedServerError", "Postgres", "Servers", "Valkey", "attach", "embedded_servers"]

URLS = "servers.json"


@dataclass(frozen=True)
class Servers:
    """Where the two servers are, and those that we started (for a supervisor to watch)."""

    database_url: str
    redis_url: str
    started: tuple[Postgres | Valkey, ...] = ()


@contextmanager
def embedded_servers(data_dir: Path, *, database_url: str | None, redis_url: str | None) -> Iterator[Servers]:
    """Run what is not given by URL while the block runs, and end it afterwards, Valkey first.

    Raises EmbeddedServerError when the data directory is in use or a server does not start.
    """
    if database_url and redis_url:
        yield Servers(database_url, redis_url)
        return
    with ExitStack() as stack:
        directory = stack.enter_context(held(data_dir))
        sockets = stack.enter_context(sockets_of(directory))
        started: list[Postgres | Valkey] = []
        if not database_url:
            started.append(Postgres(directory, sockets))
        if not redis_url:
            started.append(Valkey(directory, sockets))
        for server in started:
            # Registered first: a start that is interrupted is ended as well.
            stack.callback(server.stop)
            server.start()
        urls = {server.name: server.url for server in started}
        servers = Servers(database_url or urls[Postgres.name], redis_url or urls[Valkey.name], tuple(started))
        listing = directory / URLS
        write_private(listing, json.dumps({"database_url": servers.database_url, "redis_url": servers.redis_url}))
        stack.callback(listing.unlink, missing_ok=True)
        yield servers


def attach(data_dir: Path) -> Servers | None:
    """Return the servers of the run that holds a data directory, when both answer; None when there is no such run."""
    listing = data_dir.expanduser().absolute() / URLS
    if not is_held(listing.parent):
        return None
    try:
        urls = json.loads(listing.read_text())
    except FileNotFoundError:
        # The run is still starting, or just stopping.
        return None
    servers = Servers(urls["database_url"], urls["redis_url"])
    return servers if postgres_answers(servers.database_url) and valkey_answers(servers.redis_url) else None
