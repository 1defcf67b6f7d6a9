"""A transaction-mode pooler, as small as one can be: each transaction of a client may land on another server session.

After each transaction the session forgets everything (DISCARD ALL), as poolers do. Clients may not pipeline, copy or cancel;
named prepared statements of one transaction are unknown in the next, as with poolers before they learned to carry them along.
"""

from __future__ import annotations

import asyncio
import os
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

ENCRYPTION_ASKED = {80877103, 80877104}
ENDS_A_REQUEST = {b"S", b"Q"}
TOLD_AT_START = ("server_version", "server_encoding", "client_encoding", "integer_datetimes", "standard_conforming_strings")


@dataclass
class Session:
    """A server session that libpq has logged in and that we now speak to ourselves."""

    reader: StreamReader
    writer: StreamWriter
    connection: psycopg.Connection[tuple[object, ...]]

    @classmethod
    async def open(cls, url: str) -> Session:
        connection: psycopg.Connection[tuple[object, ...]] = await asyncio.to_thread(
            lambda: psycopg.connect(url, autocommit=True)
        )
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=os.dup(connection.pgconn.socket)))
        return cls(reader, writer, connection)

    async def ask(self, request: bytes, client: StreamWriter | None) -> bytes:
        """Pass a request on and its answer back. Give the transaction status that it ends with (I: none)."""
        self.writer.write(request)
        await self.writer.drain()
        while True:
            kind, body = await message(self.reader)
            if client is not None:
                client.write(framed(kind, body))
            if kind == b"Z":
                return body

    async def forget(self) -> None:
        await self.ask(framed(b"Q", b"DISCARD ALL\0"), None)

    def close(self) -> None:
        self.writer.close()
        self.connection.close()


class Pooler:
    """Lends a few sessions to any number of clients, the longest idle first. `used` counts transactions by session."""

    def __init__(self, sessions: list[Session]) -> None:
        self._sessions = sessions
        self._idle: asyncio.Queue[Session] = asyncio.Queue()
        for session in sessions:
            self._idle.put_nowait(session)
        self._clients: set[asyncio.Task[None]] = set()
        self.used = dict.fromkeys(range(len(sessions)), 0)

    def meet(self, reader: StreamReader, client: StreamWriter) -> None:
        """Take a client in."""
        task = asyncio.create_task(self._serve(reader, client))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def close(self) -> None:
        """See the last clients off, and the sessions."""
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for session in self._sessions:
            session.close()

    async def _serve(self, reader: StreamReader, client: StreamWriter) -> None:
        held: Session | None = None
        try:
            await self._greet(reader, client)
            while (request := await _request(reader)) is not None:
                if held is None:
                    held = await self._idle.get()
                    self.used[self._sessions.index(held)] += 1
                status = await held.ask(request, client)
                await client.drain()
                if status == b"I":
                    await held.forget()
                    self._idle.put_nowait(held)
                    held = None
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if held is not None:
                await held.ask(framed(b"Q", b"ROLLBACK\0"), None)
                self._idle.put_nowait(held)
            client.close()

    async def _greet(self, reader: StreamReader, client: StreamWriter) -> None:
        while True:
            length = int.from_bytes(await reader.readexactly(4), "big")
            start = await reader.readexactly(length - 4)
            if int.from_bytes(start[:4], "big") not in ENCRYPTION_ASKED:
                break
            client.write(b"N")
        client.write(framed(b"R", bytes(4)))
        for name in TOLD_AT_START:
            value = self._sessions[0].connection.pgconn.parameter_status(name.encode()) or b""
            client.write(framed(b"S", name.encode() + b"\0" + value + b"\0"))
        client.write(framed(b"Z", b"I"))


async def message(reader: StreamReader) -> tuple[bytes, bytes]:
    """Read one message: its kind and its body."""
    head = await reader.readexactly(5)
    return head[:1], await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


def framed(kind: bytes, body: bytes) -> bytes:
    """Write one message."""
    return kind + (len(body) + 4).to_bytes(4, "big") + body


async def _request(reader: StreamReader) -> bytes | None:
    """Read up to the end of a request; nothing when the client says goodbye."""
    whole = b""
    while True:
        kind, body = await message(reader)
        if kind == b"X":
            return None
        whole += framed(kind, body)
        if kind in ENDS_A_REQUEST:
            return whole


@asynccontextmanager
async def pooled(url: str, sessions: int = 3) -> AsyncIterator[tuple[str, Pooler]]:
    """Run a pooler before a server. Give the address for its clients, and the pooler."""
    opened = [await Session.open(url) for _ in range(sessions)]
    pooler = Pooler(opened)
    server = await asyncio.start_server(pooler.meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"host=127.0.0.1 port={port} user=anybody dbname=any sslmode=disable gssencmode=disable", pooler
    finally:
        server.close()
        await pooler.close()
