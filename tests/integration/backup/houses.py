"""A small house with two guests, and what can be read of them through the product's own parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from aggregates.reservation import Reservation
from commands.dispatch import Asked
from commands.hold_stay import GuestDetails, HoldStay
from ledger.clock import local_date
from ledger.log import Log, Row
from ledger.seal import Block
from ledger.seal_tables import Seals
from ops.embedded import embedded_servers
from ops.sealing import seal_tail
from ops.secrets import seal_key
from ops.settings import Settings
from ops.wiring import Wiring, wired

T = TypeVar("T")
GONE, STAYS = "Marigold Unmistakable", "Somebody Else"


class Server:
    """The installation of a data directory, while its servers run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def do(self, work: Callable[[Wiring], Awaitable[T]]) -> T:
        """Do something with it, as one process."""

        async def run() -> T:
            async with wired(self.settings, connections=2) as wiring:
                return await work(wiring)

        return asyncio.run(run())

    def names(self) -> dict[UUID, str | None]:
        """Give the name that can be read in each booking, in order; nothing where its key is gone. By id of the guest's key."""

        async def read(wiring: Wiring) -> dict[UUID, str | None]:
            found: dict[UUID, str | None] = {}
            for recorded in await wiring.streams("ella").after(0, 10_000):
                if isinstance(recorded.event, Reservation.Held):
                    sealed = recorded.event.guest
                    guest: dict[str, Any] | None = wiring.keys.read(sealed, recorded.stream, recorded.version, "guest")
                    found[sealed.key_id] = guest["name"] if guest else None
            return found

        return self.do(read)

    def erase(self, key_id: UUID) -> None:
        """Destroy a guest's keys for ever."""

        async def destroy(wiring: Wiring) -> None:
            wiring.keys.erase(key_id, datetime.now(UTC), fiscal=True)

        self.do(destroy)

    def rows(self) -> list[Row]:
        """Give the whole log."""

        async def read(wiring: Wiring) -> list[Row]:
            async with wiring.pool.connection() as connection:
                return await Log("ella").tail(connection, 0, 100_000)

        return self.do(read)


async def sealed(wiring: Wiring) -> Block:
    """Seal what is not sealed yet; give the newest block."""
    await seal_tail(wiring, "ella", seal_key(wiring.settings))
    async with wiring.pool.connection() as connection:
        found = await Seals("ella").last(connection)
    assert found is not None
    return found.block


@contextmanager
def running(settings: Settings) -> Iterator[Server]:
    """Run the servers of a data directory."""
    with embedded_servers(settings.data_dir, database_url=None, redis_url=None) as servers:
        yield Server(settings.model_copy(update={"database_url": servers.database_url, "redis_url": servers.redis_url}))


def settings_of(data_dir: Path, **changes: str | None) -> Settings:
    """Give the settings of an installation of which the environment of this run says nothing."""
    silent = dict.fromkeys(("database_url", "redis_url", "keys_url", "master_key", "seal_key", "clock_file"))
    return Settings().model_copy(update={**silent, "clock_offset": 0, "data_dir": data_dir, **changes})


async def book(wiring: Wiring, name: str, days: int = 30) -> None:
    """Hold a room for somebody."""
    desk = await wiring.desk("ella")
    assert desk is not None
    arrival = local_date(wiring.clock.now(), "Asia/Colombo") + timedelta(days=days)
    command = HoldStay(
        room_type="garden-room", rate_plan="flexible", arrival=arrival, departure=arrival + timedelta(days=1), adults=2,
        guest=GuestDetails(name=name, email="guest@example.com", phone="+94 77 123 4567"),
    )  # fmt: skip
    await desk.dispatch(command, Asked(command_id=uuid4(), actor="test"))
