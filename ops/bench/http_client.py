"""HTTP callers on raw keep-alive connections: they cost the machine next to nothing beside the server that is measured."""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from ops.bench.callers import Book, Booked, Load
from ops.bench.draws import Draw, Draws, guest_of
from ops.bench.hotel import RATE_PLAN, ROOM_TYPE, kind_of
from ops.bench.ours import TAKEN

OK, CREATED, CONFLICT = 200, 201, 409
NOTHING = UUID(int=0)


class Unexpected(Exception):
    """A server answered otherwise than it should."""


class Connection:
    """One kept connection; a request waits for its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int) -> AsyncIterator[Connection]:
        """Connect, and close at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request, `head` without its last empty line: status and body of the answer."""
        self._writer.write(head.encode() + b"\r\n\r\n" + body)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        return int(lines[0].split(b" ", 2)[1]), await self._reader.readexactly(length)


@dataclass
class Asking(Load):
    """Callers of one address: each has a connection. `path` begins with a slash."""

    port: int
    path: str

    @asynccontextmanager
    async def opened(self, draws: Draws, callers: int) -> AsyncIterator[Book]:
        """Connect every caller."""
        coming = iter(draws)
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(Connection.opened(self.port)) for _ in range(callers)]

            async def book(caller: int) -> Booked | None:
                draw = next(coming)
                status, answer = await connections[caller].ask(*self.request(draw))
                return self.booked(status, answer, draw)

            yield book

    @abstractmethod
    def request(self, draw: Draw) -> tuple[str, bytes]:
        """Write the request of a draw: its head, without the last empty line, and its body."""

    @abstractmethod
    def booked(self, status: int, answer: bytes, draw: Draw) -> Booked | None:
        """Read an answer. Raises Unexpected."""


@dataclass
class Holds(Asking):
    """Callers of POST /holds, or of its floor; the room types take turns."""

    kinds: tuple[str, ...] = (ROOM_TYPE,)

    def request(self, draw: Draw) -> tuple[str, bytes]:
        """Ask to hold the stay of the draw."""
        body = json.dumps({
            "room_type": kind_of(draw.room, self.kinds), "rate_plan": RATE_PLAN, "arrival": draw.arrival.isoformat(),
            "departure": draw.departure.isoformat(), "adults": 2, "guest": guest_of(draw.number),
        }).encode()  # fmt: skip
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {uuid4().hex}\r\nContent-Length: {len(body)}"
        )
        return head, body

    def booked(self, status: int, answer: bytes, draw: Draw) -> Booked | None:
        """Give the reservation, or nothing when the stay is taken. Raises Unexpected."""
        if status == CONFLICT and json.loads(answer)["code"] in TAKEN:
            return None
        _expect(CREATED, status, answer, self.path)
        return UUID(json.loads(answer)["reservation_id"]), draw.number


@dataclass
class Searches(Asking):
    """Callers of GET /availability, or of its floor."""

    def request(self, draw: Draw) -> tuple[str, bytes]:
        """Ask what is free on the dates of the draw."""
        query = f"?arrival={draw.arrival}&departure={draw.departure}&adults=2"
        return f"GET {self.path}{query} HTTP/1.1\r\nHost: bench", b""

    def booked(self, status: int, answer: bytes, draw: Draw) -> Booked | None:
        """Look at the status only. Raises Unexpected."""
        _expect(OK, status, answer, self.path)
        return NOTHING, draw.number


def _expect(wanted: int, status: int, answer: bytes, path: str) -> None:
    if status != wanted:
        message = f"{path} answered {status}: {answer[:300].decode()}"
        raise Unexpected(message)
