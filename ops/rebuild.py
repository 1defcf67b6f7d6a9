"""Makes read models again from the log: a new generation beside the live one, compared, then switched to.

Nothing is sent to anybody while it runs. Killed anywhere, the unfinished generation is dropped by the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from ops.follow import BATCH_EVENTS, models_of
from ops.settings import BadConfiguration
from ops.wiring import Models, Wiring
from projections.postgres_model import PostgresModel
from projections.redis_model import RedisModel

NAMES = ("availability", "revenue", "reservations", "due")
CLOSE_TRIES = 20
Report = Callable[[str, int, int], None]
"""Told (model, events done, events in all)."""


@dataclass(frozen=True)
class Rebuilt:
    """What came of one model. `differences` are keys or rows that the live generation had otherwise."""

    name: str
    events: int
    differences: list[str]
    switched: bool


async def rebuild(wiring: Wiring, property_code: str, name: str, report: Report, *, dry_run: bool = False) -> Rebuilt:
    """Rebuild one model. Raises BadConfiguration for an unknown name."""
    if name not in NAMES:
        message = f"there is no read model {name!r}: choose from {', '.join(NAMES)}"
        raise BadConfiguration(message)
    shelf = _Shelf(wiring, wiring.models(property_code), name)
    live = await shelf.live()
    new = live + 1
    await shelf.drop(new)
    fresh = next(model for model in models_of(wiring, property_code, new) if model.name == name)
    streams = wiring.streams(property_code)
    position = 0
    while batch := await streams.after(position, BATCH_EVENTS):
        await fresh.apply(position, batch)
        position = batch[-1].position
        report(name, position, await streams.head())
    differences = await shelf.compare(live, new)
    for _ in range(CLOSE_TRIES):
        if not differences or await shelf.position(live) == await shelf.position(new) == await streams.head():
            break
        while batch := await streams.after(position, BATCH_EVENTS):
            await fresh.apply(position, batch)
            position = batch[-1].position
        differences = await shelf.compare(live, new)
    if not dry_run:
        await shelf.switch(new)
    await shelf.drop(new if dry_run else live)
    return Rebuilt(name, position, differences, switched=not dry_run)


class _Shelf:
    """The generations of one model, wherever it lives."""

    def __init__(self, wiring: Wiring, models: Models, name: str) -> None:
        self._wiring = wiring
        self._model: RedisModel | PostgresModel = getattr(models, name).model
        self._table = name

    async def live(self) -> int:
        if isinstance(self._model, RedisModel):
            return await self._model.live()
        async with self._wiring.pool.connection() as connection:
            return await self._model.live(connection)

    async def position(self, generation: int) -> int:
        if isinstance(self._model, RedisModel):
            return await self._model.position(generation)
        async with self._wiring.pool.connection() as connection:
            return await self._model.position(connection, generation)

    async def switch(self, generation: int) -> None:
        if isinstance(self._model, RedisModel):
            await self._model.switch(generation)
            return
        async with self._wiring.pool.connection() as connection, connection.transaction():
            await self._model.switch(connection, generation)

    async def drop(self, generation: int) -> None:
        if isinstance(self._model, RedisModel):
            await self._model.drop(generation)
            return
        async with self._wiring.pool.connection() as connection, connection.transaction():
            await self._model.drop(connection, self._table, generation)

    async def compare(self, live: int, new: int) -> list[str]:
        """List what the two generations hold otherwise, leaving out how far they are and when a worker will try again."""
        before, after = await self._contents(live), await self._contents(new)
        return sorted(
            str(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key) and key != "position"
        )

    async def _contents(self, generation: int) -> dict[Any, Any]:
        if isinstance(self._model, RedisModel):
            return await self._model.contents(generation)
        columns = {"reservations": "reservation_id, document::text", "due": "rule || ' ' || subject, position"}[self._table]
        text = sql.SQL("SELECT {} FROM {}.{} WHERE generation = %s").format(
            sql.SQL(columns), self._model.schema, sql.Identifier(self._table)
        )
        async with self._wiring.pool.connection() as connection:
            return dict(await (await connection.execute(text, [generation])).fetchall())
