"""The reception: somebody who asks a real writer for things, on any log, and says who, when and under which id.

What the dispatch does at the edge (clock, sealing, suggestions) is told by the test instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from psycopg_pool import AsyncConnectionPool

from aggregates.group import Group
from aggregates.holder import Holder
from aggregates.notification import Notification
from aggregates.payment import Payment
from aggregates.property import Property
from aggregates.rates import Rates
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from aggregates.turnaway import Turnaway
from aggregates.upkeep import Upkeep
from aggregates.waitlist import Waitlist
from commands.define_property import DefineProperty
from commands.dispatch import HANDLERS
from commands.hold_stay import HoldAdvice
from ledger.catalogue import Catalogue
from ledger.command import Command, Envelope, Handler, Outcome, fingerprinter
from ledger.log import Connection, Log
from ledger.writer import Writer
from tests.examples import CODE, HOLD_SECONDS, HOTEL, NOW, SEALED, TARIFF
from tests.memory_log import MemoryLog, MemoryPool

CATALOGUE = Catalogue(
    [Property, Rates, RoomNight, Reservation, Payment, Holder, Notification, Group, Waitlist, Turnaway, Upkeep]
)
OPEN = DefineProperty(definition=msgspec.to_builtins(HOTEL), tariff=msgspec.to_builtins(TARIFF))

SEALED_FIELDS = ("guest", *(f"guest/{number}" for number in range(1, 41)), "note", "guests")
"""What commands find sealed in their envelope."""

fingerprint = fingerprinter(b"for tests only")


def envelope(
    command: Command,
    *,
    at: datetime = NOW,
    command_id: UUID | None = None,
    rooms: tuple[str, ...] = (),
    holders: tuple[tuple[UUID, int], ...] = (),
) -> Envelope:
    """Put a command into its envelope; a new id unless one is given."""
    return Envelope(
        command=command, command_id=command_id or uuid4(), property_code=CODE, actor="test", occurred_at=at,
        fingerprint=fingerprint(command), sealed=dict.fromkeys(SEALED_FIELDS, SEALED),
        advice=HoldAdvice(rooms, HOLD_SECONDS, holders, "direct"),
    )  # fmt: skip


class Reception:
    """One process with its own writer. Several may share a log."""

    def __init__(
        self, log: Log, pool: AsyncConnectionPool[Connection], handlers: Mapping[type[Command], Handler] = HANDLERS
    ) -> None:
        self.writer = Writer(log, pool, CATALOGUE, handlers)

    @classmethod
    def in_memory(cls, log: MemoryLog, handlers: Mapping[type[Command], Handler] = HANDLERS) -> Reception:
        return cls(log, MemoryPool.of(log), handlers)

    async def ask(
        self, command: Command, *, at: datetime = NOW, command_id: UUID | None = None, rooms: tuple[str, ...] = ()
    ) -> Outcome:
        """Ask for something and wait for the outcome."""
        return await self.writer.submit(envelope(command, at=at, command_id=command_id, rooms=rooms))
