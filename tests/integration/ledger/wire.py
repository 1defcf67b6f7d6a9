"""A wire between a writer and PostgreSQL that can be cut just after a commit, before its acknowledgement arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import conninfo

CHUNK = 65_536


class Wire:
    """Forwards bytes both ways, for any number of connections.

    While `armed`, all of them are cut at the first answer of the server after the log has grown.
    """

    def __init__(self, url: str, head: Callable[[psycopg.Connection[tuple[int]]], int]) -> None:
        self._url = url
        self._head = head
        self._watching: psycopg.Connection[tuple[int]] | None = None
        self._before = 0
        self._links: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cuts = 0

    @property
    def url(self) -> str:
        """Where a client finds the server through this wire."""
        return conninfo.make_conninfo(self._url, host="127.0.0.1", port=self.port, sslmode="disable")

    def arm(self) -> None:
        """Cut at the next commit that makes the log longer."""
        self._watching = psycopg.connect(self._url, autocommit=True)
        self._before = self._head(self._watching)

    def _must_cut(self) -> bool:
        if self._watching is None or self._head(self._watching) == self._before:
            return False
        self._watching.close()
        self._watching = None
        self.cuts += 1
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = conninfo.conninfo_to_dict(self._url)
        if str(told["host"]).startswith("/"):
            up, down = await asyncio.open_unix_connection(f"{told['host']}/.s.PGSQL.{told['port']}")
        else:
            up, down = await asyncio.open_connection(str(told["host"]), int(str(told["port"])))
        asking = asyncio.create_task(_pump(reader, down))
        self._links |= {writer, down}
        try:
            while chunk := await up.read(CHUNK):
                if self._must_cut():
                    self._cut()
                    break
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            asking.cancel()
            for end in (writer, down):
                end.transport.abort()
                self._links.discard(end)

    def _cut(self) -> None:
        for end in self._links:
            end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def wire(url: str, head: Callable[[psycopg.Connection[tuple[int]]], int]) -> AsyncIterator[Wire]:
    """Lay a wire to the server of a URL while the block runs."""
    laid = Wire(url, head)
    server = await asyncio.start_server(laid._serve, "127.0.0.1", 0)
    laid.port = server.sockets[0].getsockname()[1]
    async with server:
        yield laid
