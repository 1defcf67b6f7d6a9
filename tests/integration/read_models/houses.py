"""A house with guests on real servers: what happens to its reservations, and the read models that tell of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from msgspec.structs import replace

from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import Asked, Dispatch
from commands.hold_stay import HoldStay
from ledger.command import Command
from ledger.schema import schema_name
from ops.property_file import PropertyFile
from ops.read_models import NAMES, ReadModel, read_models
from ops.rebuild import rebuild
from ops.seeding import define
from ops.settings import Settings, read_settings
from ops.wiring import Wiring, wired
from tests.examples import GUEST, HOTEL, TARIFF


class House:
    """A property of its own on shared servers. Every `wiring` is like a process: own pools, own clients."""

    def __init__(self, code: str, database_url: str, redis_url: str, data_dir: Path) -> None:
        self.code = code
        self.database_url = database_url
        self.redis_url = redis_url
        self.data_dir = data_dir
        self._days = 0

    @property
    def settings(self) -> Settings:
        places = {"database_url": self.database_url, "redis_url": self.redis_url, "data_dir": self.data_dir}
        return read_settings().model_copy(update=places)

    @asynccontextmanager
    async def wiring(self) -> AsyncIterator[Wiring]:
        """Give the parts of one more process."""
        async with wired(self.settings) as wiring:
            yield wiring

    async def open(self) -> None:
        async with self.wiring() as wiring:
            await define(wiring, PropertyFile(replace(HOTEL, code=self.code), TARIFF), scratch=False)

    async def dispatch(self, wiring: Wiring) -> Dispatch:
        listed = next(each for each in await wiring.access.properties() if each.code == self.code)
        return wiring.dispatch(listed, None)

    async def receive(self, dispatch: Dispatch, guests: int) -> None:
        """Hold a room for so many guests, book it for two of three of them, and cancel every other booking."""
        for number in range(guests):
            reservation_id = UUID((await _ask(dispatch, self._next_stay()))["reservation_id"])
            if number % 3:
                await _ask(dispatch, ConfirmReservation(reservation_id=reservation_id))
            if number % 3 == 2:
                await _ask(dispatch, CancelReservation(reservation_id=reservation_id))

    def _next_stay(self) -> HoldStay:
        arrival = datetime.now(UTC).date() + timedelta(days=10 + self._days % 900)
        self._days += 2
        return HoldStay(
            room_type="garden", rate_plan="flexible", arrival=arrival, departure=arrival + timedelta(days=2),
            adults=2, guest=GUEST,
        )  # fmt: skip

    def models(self, wiring: Wiring) -> dict[str, ReadModel]:
        return {model.name: model for model in read_models(wiring, self.code)}

    async def differences(self, wiring: Wiring) -> dict[str, list[str]]:
        """Say for each read model what it holds otherwise than one made from nothing."""
        return {name: (await rebuild(wiring, self.code, name, lambda *_: None, dry_run=True)).differences for name in NAMES}

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement on the property's schema, as only tests may."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            done = connection.execute(statement.replace("{schema}", schema_name(self.code)).encode())
            return done.fetchall() if done.description else []


async def _ask(dispatch: Dispatch, command: Command) -> dict[str, str]:
    return (await dispatch(command, Asked(command_id=uuid4(), actor="guest"))).answer
