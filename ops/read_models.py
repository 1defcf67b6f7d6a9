"""The read models of a property as followers and rebuilds see them: positions, generations, a page applied.

Where each lives, in Redis or in PostgreSQL, is hidden here and nowhere else.
"""

from __future__ import annotations

from typing import Protocol

from ops.wiring import Wiring
from projections import availability, demand, due, groups, guests, reservations, revenue
from projections.postgres_model import Table
from queries.pages import Page

NAMES = ("availability", "reservations", "revenue", "guests", "due", "groups", "demand")
"""In this order two followers, which take turns, have about the same to do."""


class ReadModel(Protocol):
    """A read model. Without a generation the live one is meant."""

    name: str
    nouns: frozenset[str]
    """The first words of the topics that it looks at."""

    async def live(self) -> int:
        """Give the live generation."""

    async def position(self, generation: int | None = None) -> int:
        """Give the position that a generation has reached; 0 when it is empty."""

    async def apply(self, before: int, page: Page, generation: int | None = None) -> bool:
        """Apply a page when the generation stands at `before`; tell whether it did."""

    async def switch(self, generation: int) -> bool:
        """Make a generation the live one, unless it is behind; tell whether it is live now."""

    async def prune(self) -> None:
        """Forget every generation but the live one."""

    async def differences(self, one: int, other: int) -> list[str]:
        """List the keys or rows that two generations hold otherwise."""


class _InRedis:
    def __init__(self, projection: availability.Availability | revenue.Revenue, nouns: frozenset[str]) -> None:
        self.name = projection.name
        self.nouns = nouns
        self._projection = projection
        self._model = projection.model
        self.live = self._model.live
        self.switch = self._model.switch
        self.prune = self._model.prune
        self.differences = self._model.differences

    async def position(self, generation: int | None = None) -> int:
        return await self._model.position(generation or await self.live())

    async def apply(self, before: int, page: Page, generation: int | None = None) -> bool:
        return await self._projection.apply(generation or await self.live(), before, page.upto, page.events)


class _InPostgres:
    def __init__(
        self,
        wiring: Wiring,
        projection: reservations.Reservations | due.DueList | guests.Guests | groups.Groups | demand.Demand,
        nouns: frozenset[str],
        tables: tuple[Table, ...],
    ) -> None:
        self.name = projection.name
        self.nouns = nouns
        self._pool = wiring.pool
        self._projection = projection
        self._model = projection.model
        self._tables = tables

    async def live(self) -> int:
        async with self._pool.connection() as connection:
            return await self._model.live(connection)

    async def position(self, generation: int | None = None) -> int:
        async with self._pool.connection() as connection:
            return await self._model.position(connection, generation or await self._model.live(connection))

    async def apply(self, before: int, page: Page, generation: int | None = None) -> bool:
        async with self._pool.connection() as connection:
            at = generation or await self._model.live(connection)
            return await self._projection.apply(connection, at, before, page.upto, page.events)

    async def switch(self, generation: int) -> bool:
        async with self._pool.connection() as connection, connection.transaction():
            return await self._model.switch(connection, generation)

    async def prune(self) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await self._model.prune(connection, self._tables)

    async def differences(self, one: int, other: int) -> list[str]:
        async with self._pool.connection() as connection:
            return [key for table in self._tables for key in await self._model.differences(connection, table, one, other)]


def read_models(wiring: Wiring, property_code: str) -> list[ReadModel]:
    """List the read models of a property, in the order of NAMES."""
    models = wiring.models(property_code)
    return [
        _InRedis(models.availability, availability.LOOKS_AT),
        _InPostgres(wiring, models.reservations, reservations.LOOKS_AT, reservations.TABLES),
        _InRedis(models.revenue, revenue.LOOKS_AT),
        _InPostgres(wiring, models.guests, guests.LOOKS_AT, guests.TABLES),
        _InPostgres(wiring, models.due, due.LOOKS_AT, due.TABLES),
        _InPostgres(wiring, models.groups, groups.LOOKS_AT, groups.TABLES),
        _InPostgres(wiring, models.demand, demand.LOOKS_AT, demand.TABLES),
    ]
